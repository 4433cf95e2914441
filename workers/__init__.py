"""Background work: the Celery application, the dispatcher and the tasks."""
