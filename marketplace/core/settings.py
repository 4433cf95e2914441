"""Typed settings, read once from the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


class SettingsError(RuntimeError):
    """The environment does not allow a safe start."""


@dataclass(frozen=True, kw_only=True)
class Operator:
    """Who runs the mall: shown on every page (전자상거래법 §10)."""

    name: str = "세나루 마켓 운영사무국"
    representative: str = "대표자 미설정"
    address: str = "(00000) 주소 미설정"
    phone: str = "1588-0000"
    email: str = "help@senaru.example"
    business_number: str = "000-00-00000"
    mail_order_number: str = "신고번호 미설정"
    hosting: str = "세나루 마켓 운영사무국"
    hours: str = "평일 09시~18시 (점심 12시~13시), 유료"
    is_public_body: bool = False
    bank_account: str = "계좌 미설정"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that differs between a laptop, a test and the district's servers."""

    secret_key: str
    database_url: str
    redis_url: str
    secret_key_fallbacks: tuple[str, ...] = ()
    reporting_database_url: str | None = None
    stripe_secret_key: str | None = None
    stripe_webhook_secret: str | None = None
    stripe_publishable_key: str | None = None
    stripe_api_base: str | None = None
    public_url: str = "http://127.0.0.1:8000"
    trusted_hosts: tuple[str, ...] = ()
    proxy_hops: int = 0
    secure_cookies: bool = True
    data_dir: Path = Path("var")
    storage_url: str | None = None
    mail_url: str | None = None
    mail_sender: str = "세나루 마켓 <no-reply@senaru.example>"
    demo: bool = False
    log_format: str = "json"
    pool_size: int = 8
    # Days after delivery until a line is confirmed by itself; never before the 7 days in which
    # a buyer may withdraw (전자상거래법 §17) are over.
    auto_confirm_days: int = 8
    # Whether the office looks at a product before it is sold.
    product_review: bool = False
    # Seconds until a job that does not end is killed; its lease of 300 s must outlive it.
    job_time_limit: int = 240
    sentry_dsn: str | None = None
    otlp_endpoint: str | None = None
    metrics_token: str | None = None
    operator: Operator = field(default_factory=Operator)

    def __post_init__(self) -> None:
        """
        Refuse a start that would be unsafe.

        :raises SettingsError:
        """
        if len(self.secret_key) < 16 or self.secret_key in _WELL_KNOWN:
            raise SettingsError("SECRET_KEY must be a random value of at least 16 characters")
        if not _WITHDRAWAL_DAYS <= self.auto_confirm_days <= _LONGEST_WAIT:
            raise SettingsError("AUTO_CONFIRM_DAYS must be between 7 and 60")
        if not 0 < self.job_time_limit <= _LONGEST_JOB:
            raise SettingsError("JOB_TIME_LIMIT must be between 1 and 240 seconds")
        if self.stripe_secret_key and not self.stripe_webhook_secret:
            raise SettingsError("STRIPE_WEBHOOK_SECRET is required with STRIPE_SECRET_KEY")

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """
        Read the settings from the environment.

        :raises SettingsError: when something required is missing.
        """
        env = os.environ if environ is None else environ
        public_url = env.get("PUBLIC_URL", f"http://127.0.0.1:{env.get('PORT', '8000')}")
        return cls(
            secret_key=_required(env, "SECRET_KEY"),
            secret_key_fallbacks=_listed(env, "SECRET_KEY_FALLBACKS"),
            database_url=_psycopg(_required(env, "DATABASE_URL")),
            reporting_database_url=env.get("REPORTING_DATABASE_URL") or None,
            redis_url=_required(env, "REDIS_URL"),
            stripe_secret_key=env.get("STRIPE_SECRET_KEY") or None,
            stripe_webhook_secret=env.get("STRIPE_WEBHOOK_SECRET") or None,
            stripe_publishable_key=env.get("STRIPE_PUBLISHABLE_KEY") or None,
            stripe_api_base=env.get("STRIPE_API_BASE") or None,
            public_url=public_url.rstrip("/"),
            trusted_hosts=_listed(env, "TRUSTED_HOSTS"),
            proxy_hops=int(env.get("PROXY_HOPS", "0")),
            secure_cookies=env.get("SECURE_COOKIES", "1") == "1",
            data_dir=Path(env.get("DATA_DIR", "var")),
            storage_url=env.get("STORAGE_URL") or None,
            mail_url=env.get("MAIL_URL") or None,
            mail_sender=env.get("MAIL_SENDER", cls.mail_sender),
            demo=env.get("DEMO", "0") == "1",
            log_format=env.get("LOG_FORMAT", "json"),
            pool_size=int(env.get("DATABASE_POOL_SIZE", "8")),
            auto_confirm_days=int(env.get("AUTO_CONFIRM_DAYS", "8")),
            product_review=env.get("PRODUCT_REVIEW", "0") == "1",
            job_time_limit=int(env.get("JOB_TIME_LIMIT", "240")),
            sentry_dsn=env.get("SENTRY_DSN") or None,
            otlp_endpoint=env.get("OTEL_EXPORTER_OTLP_ENDPOINT") or None,
            metrics_token=env.get("METRICS_TOKEN") or None,
            operator=_operator(env),
        )


_WITHDRAWAL_DAYS = 7
_LONGEST_WAIT = 60
_LONGEST_JOB = 240
_WELL_KNOWN = frozenset({"changeme-changeme", "secretsecretsecret", "0" * 16})


def _required(env: Mapping[str, str], name: str) -> str:
    value = env.get(name, "")
    if not value:
        raise SettingsError(f"{name} is required")
    return value


def _listed(env: Mapping[str, str], name: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in env.get(name, "").split(",") if part.strip())


def _psycopg(url: str) -> str:
    """Name our driver, whatever driver the operator's URL names or omits."""
    for prefix in ("postgres://", "postgresql://"):
        if url.startswith(prefix):
            return "postgresql+psycopg://" + url.removeprefix(prefix)
    return url


def _operator(env: Mapping[str, str]) -> Operator:
    named = {
        name: env[f"OPERATOR_{name.upper()}"]
        for name in Operator.__dataclass_fields__
        if f"OPERATOR_{name.upper()}" in env and name != "is_public_body"
    }
    return Operator(**named, is_public_body=env.get("OPERATOR_IS_PUBLIC_BODY", "0") == "1")
