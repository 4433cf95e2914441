"""Holiday gift seasons: sets, department orders, recipient sheets."""
