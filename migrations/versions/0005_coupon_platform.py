"""The coupon platform: codes, lists, counters, verified facts, proposals of rules."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "book_check",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("checks", sa.BigInteger(), nullable=False),
        sa.Column(
            "findings", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_book_check")),
    )
    op.create_index(op.f("ix_book_check_checked_at"), "book_check", ["checked_at"], unique=False)
    op.create_table(
        "counter_device",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("enterprise_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("offline_cap", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("registered_by", sa.BigInteger(), nullable=False),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "offline_cap >= 0", name=op.f("ck_counter_device_offline_cap_not_negative")
        ),
        sa.ForeignKeyConstraint(
            ["enterprise_id"],
            ["enterprise.id"],
            name=op.f("fk_counter_device_enterprise_id_enterprise"),
        ),
        sa.ForeignKeyConstraint(
            ["registered_by"], ["person.id"], name=op.f("fk_counter_device_registered_by_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_counter_device")),
        sa.UniqueConstraint("digest", name=op.f("uq_counter_device_digest")),
    )
    op.create_index(
        op.f("ix_counter_device_enterprise_id"), "counter_device", ["enterprise_id"], unique=False
    )
    op.create_table(
        "identity_challenge",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("phone", sa.String(), nullable=False),
        sa.Column("birth_on", sa.Date(), nullable=False),
        sa.Column("provider_ref", sa.String(), nullable=False),
        sa.Column("attempts", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "attempts >= 0", name=op.f("ck_identity_challenge_attempts_not_negative")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_identity_challenge_person_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_challenge")),
        sa.UniqueConstraint("provider_ref", name=op.f("uq_identity_challenge_provider_ref")),
    )
    op.create_index(
        op.f("ix_identity_challenge_person_id"), "identity_challenge", ["person_id"], unique=False
    )
    op.create_table(
        "verification",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "residence",
                "workplace",
                "staff",
                "identity",
                name="verificationkind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "method",
            sa.Enum(
                "desk",
                "list",
                "phone",
                name="verificationmethod",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("value", sa.String(), server_default="", nullable=False),
        sa.Column("identity_digest", sa.String(), nullable=True),
        sa.Column("verified_by", sa.BigInteger(), nullable=True),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(kind = 'identity') = (identity_digest IS NOT NULL)",
            name=op.f("ck_verification_identity_given"),
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_verification_person_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["verified_by"], ["person.id"], name=op.f("fk_verification_verified_by_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verification")),
    )
    op.create_index(
        "uq_verification_current",
        "verification",
        ["person_id", "kind"],
        unique=True,
        postgresql_where=sa.text("revoked_at IS NULL"),
    )
    op.create_index(
        "uq_verification_identity",
        "verification",
        ["identity_digest"],
        unique=True,
        postgresql_where=sa.text("revoked_at IS NULL"),
    )
    op.create_table(
        "verification_request",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "residence",
                "workplace",
                "staff",
                "identity",
                name="verificationkind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_granted", sa.Boolean(), nullable=True),
        sa.Column("reason", sa.String(), server_default="", nullable=False),
        sa.CheckConstraint(
            "(decided_at IS NULL) = (is_granted IS NULL)",
            name=op.f("ck_verification_request_decided_once"),
        ),
        sa.ForeignKeyConstraint(
            ["decided_by"], ["person.id"], name=op.f("fk_verification_request_decided_by_person")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_verification_request_person_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verification_request")),
    )
    op.create_index(
        op.f("ix_verification_request_requested_at"),
        "verification_request",
        ["requested_at"],
        unique=False,
    )
    op.create_index(
        "uq_verification_request_open",
        "verification_request",
        ["person_id", "kind"],
        unique=True,
        postgresql_where=sa.text("decided_at IS NULL"),
    )
    op.create_table(
        "code_batch",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("wanted", sa.BigInteger(), nullable=False),
        sa.Column("made", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "waiting",
                "running",
                "ready",
                "failed",
                name="batchstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("seed", sa.LargeBinary(), nullable=True),
        sa.Column("error", sa.String(), server_default="", nullable=False),
        sa.Column("created_by", sa.BigInteger(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("csv_taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sheet_taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "seed IS NULL OR csv_taken_at IS NULL OR sheet_taken_at IS NULL",
            name=op.f("ck_code_batch_seed_forgotten"),
        ),
        sa.CheckConstraint(
            "wanted > 0 AND made BETWEEN 0 AND wanted",
            name=op.f("ck_code_batch_made_within_wanted"),
        ),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_code_batch_campaign_id_campaign")
        ),
        sa.ForeignKeyConstraint(
            ["created_by"], ["person.id"], name=op.f("fk_code_batch_created_by_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_code_batch")),
    )
    op.create_index(op.f("ix_code_batch_campaign_id"), "code_batch", ["campaign_id"], unique=False)
    op.create_table(
        "fraud_flag",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "many_shops",
                "own_member",
                "face_value",
                "outside_hours",
                "high_reversal",
                "code_guessing",
                name="fraudkind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), nullable=True),
        sa.Column("enterprise_id", sa.BigInteger(), nullable=True),
        sa.Column("person_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "details", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False
        ),
        sa.Column(
            "raised_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("cleared_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cleared_by", sa.BigInteger(), nullable=True),
        sa.Column("note", sa.String(), server_default="", nullable=False),
        sa.CheckConstraint(
            "(cleared_at IS NULL) = (cleared_by IS NULL)",
            name=op.f("ck_fraud_flag_cleared_by_given"),
        ),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_fraud_flag_campaign_id_campaign")
        ),
        sa.ForeignKeyConstraint(
            ["cleared_by"], ["person.id"], name=op.f("fk_fraud_flag_cleared_by_person")
        ),
        sa.ForeignKeyConstraint(
            ["enterprise_id"],
            ["enterprise.id"],
            name=op.f("fk_fraud_flag_enterprise_id_enterprise"),
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_fraud_flag_person_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fraud_flag")),
        sa.UniqueConstraint("about", name=op.f("uq_fraud_flag_about")),
    )
    op.create_index(op.f("ix_fraud_flag_campaign_id"), "fraud_flag", ["campaign_id"], unique=False)
    op.create_index(
        op.f("ix_fraud_flag_enterprise_id"), "fraud_flag", ["enterprise_id"], unique=False
    )
    op.create_index(
        "ix_fraud_flag_open",
        "fraud_flag",
        ["raised_at"],
        unique=False,
        postgresql_where=sa.text("cleared_at IS NULL"),
    )
    op.create_table(
        "grant_list",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("file_name", sa.String(), nullable=False),
        sa.Column("storage_key", sa.String(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "waiting",
                "running",
                "ready",
                "failed",
                name="batchstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("total", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("granted", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column(
            "report", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False
        ),
        sa.Column("uploaded_by", sa.BigInteger(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_grant_list_campaign_id_campaign")
        ),
        sa.ForeignKeyConstraint(
            ["uploaded_by"], ["person.id"], name=op.f("fk_grant_list_uploaded_by_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grant_list")),
    )
    op.create_index(op.f("ix_grant_list_campaign_id"), "grant_list", ["campaign_id"], unique=False)
    op.create_table(
        "waiting_entry",
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("queued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("served_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_waiting_entry_campaign_id_campaign")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_waiting_entry_person_id_person")
        ),
        sa.PrimaryKeyConstraint("campaign_id", "person_id", name=op.f("pk_waiting_entry")),
    )
    op.create_index(
        "ix_waiting_entry_queue",
        "waiting_entry",
        ["campaign_id", "queued_at"],
        unique=False,
        postgresql_where=sa.text("served_at IS NULL"),
    )
    op.create_table(
        "version_proposal",
        sa.Column("version_id", sa.BigInteger(), nullable=False),
        sa.Column("proposed_by", sa.BigInteger(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_approved", sa.Boolean(), nullable=True),
        sa.Column("reason", sa.String(), server_default="", nullable=False),
        sa.CheckConstraint(
            "(decided_at IS NULL) = (is_approved IS NULL)",
            name=op.f("ck_version_proposal_decided_once"),
        ),
        sa.CheckConstraint("decided_by <> proposed_by", name=op.f("ck_version_proposal_four_eyes")),
        sa.ForeignKeyConstraint(
            ["decided_by"], ["person.id"], name=op.f("fk_version_proposal_decided_by_person")
        ),
        sa.ForeignKeyConstraint(
            ["proposed_by"], ["person.id"], name=op.f("fk_version_proposal_proposed_by_person")
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["campaign_version.id"],
            name=op.f("fk_version_proposal_version_id_campaign_version"),
        ),
        sa.PrimaryKeyConstraint("version_id", name=op.f("pk_version_proposal")),
    )
    op.create_table(
        "counter_token",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("coupon_id", sa.BigInteger(), nullable=False),
        sa.Column("token_digest", sa.String(), nullable=False),
        sa.Column("code_digest", sa.String(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "expires_at <= issued_at + interval '60 seconds'",
            name=op.f("ck_counter_token_short_lived"),
        ),
        sa.ForeignKeyConstraint(
            ["coupon_id"], ["coupon.id"], name=op.f("fk_counter_token_coupon_id_coupon")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_counter_token")),
        sa.UniqueConstraint("code_digest", name=op.f("uq_counter_token_code_digest")),
        sa.UniqueConstraint("token_digest", name=op.f("uq_counter_token_token_digest")),
    )
    op.create_index(
        op.f("ix_counter_token_coupon_id"), "counter_token", ["coupon_id"], unique=False
    )
    op.create_index(
        op.f("ix_counter_token_expires_at"), "counter_token", ["expires_at"], unique=False
    )
    op.create_table(
        "coupon_code",
        sa.Column("coupon_id", sa.BigInteger(), nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("last4", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["code_batch.id"], name=op.f("fk_coupon_code_batch_id_code_batch")
        ),
        sa.ForeignKeyConstraint(
            ["coupon_id"], ["coupon.id"], name=op.f("fk_coupon_code_coupon_id_coupon")
        ),
        sa.PrimaryKeyConstraint("coupon_id", name=op.f("pk_coupon_code")),
        sa.UniqueConstraint("digest", name=op.f("uq_coupon_code_digest")),
    )
    op.create_index(op.f("ix_coupon_code_batch_id"), "coupon_code", ["batch_id"], unique=False)
    op.create_table(
        "counter_use",
        sa.Column("redemption_id", sa.BigInteger(), nullable=False),
        sa.Column("receipt_number", sa.String(), nullable=False),
        sa.Column("enterprise_id", sa.BigInteger(), nullable=False),
        sa.Column("cashier_id", sa.BigInteger(), nullable=False),
        sa.Column("device_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "method",
            sa.Enum(
                "qr",
                "code",
                "paper_qr",
                "paper_code",
                name="usemethod",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("idempotency_key", sa.String(), nullable=False),
        sa.Column("purchase_amount", sa.BigInteger(), nullable=True),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reversed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reversed_by", sa.BigInteger(), nullable=True),
        sa.Column("reverse_reason", sa.String(), server_default="", nullable=False),
        sa.CheckConstraint(
            "(reversed_at IS NULL) = (reversed_by IS NULL)",
            name=op.f("ck_counter_use_reversed_by_given"),
        ),
        sa.ForeignKeyConstraint(
            ["cashier_id"], ["person.id"], name=op.f("fk_counter_use_cashier_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["device_id"],
            ["counter_device.id"],
            name=op.f("fk_counter_use_device_id_counter_device"),
        ),
        sa.ForeignKeyConstraint(
            ["enterprise_id"],
            ["enterprise.id"],
            name=op.f("fk_counter_use_enterprise_id_enterprise"),
        ),
        sa.ForeignKeyConstraint(
            ["redemption_id"],
            ["redemption.id"],
            name=op.f("fk_counter_use_redemption_id_redemption"),
        ),
        sa.ForeignKeyConstraint(
            ["reversed_by"], ["person.id"], name=op.f("fk_counter_use_reversed_by_person")
        ),
        sa.PrimaryKeyConstraint("redemption_id", name=op.f("pk_counter_use")),
        sa.UniqueConstraint(
            "enterprise_id",
            "idempotency_key",
            name=op.f("uq_counter_use_enterprise_id_idempotency_key"),
        ),
        sa.UniqueConstraint("receipt_number", name=op.f("uq_counter_use_receipt_number")),
    )
    op.create_index("ix_counter_use_day", "counter_use", ["enterprise_id", "used_at"], unique=False)
    op.create_table(
        "offline_use",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("device_id", sa.BigInteger(), nullable=False),
        sa.Column("idempotency_key", sa.String(), nullable=False),
        sa.Column("coupon_id", sa.BigInteger(), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "outcome",
            sa.Enum(
                "redeemed",
                "short",
                "refused",
                name="offlineoutcome",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("refusal", sa.String(), server_default="", nullable=False),
        sa.Column("shortage", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("redemption_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("amount > 0", name=op.f("ck_offline_use_amount_positive")),
        sa.CheckConstraint(
            "shortage BETWEEN 0 AND amount", name=op.f("ck_offline_use_shortage_within_amount")
        ),
        sa.ForeignKeyConstraint(
            ["coupon_id"], ["coupon.id"], name=op.f("fk_offline_use_coupon_id_coupon")
        ),
        sa.ForeignKeyConstraint(
            ["device_id"],
            ["counter_device.id"],
            name=op.f("fk_offline_use_device_id_counter_device"),
        ),
        sa.ForeignKeyConstraint(
            ["redemption_id"],
            ["redemption.id"],
            name=op.f("fk_offline_use_redemption_id_redemption"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offline_use")),
        sa.UniqueConstraint(
            "device_id", "idempotency_key", name=op.f("uq_offline_use_device_id_idempotency_key")
        ),
    )
    op.create_index(op.f("ix_offline_use_coupon_id"), "offline_use", ["coupon_id"], unique=False)
    op.create_index(
        op.f("ix_offline_use_received_at"), "offline_use", ["received_at"], unique=False
    )
    op.create_table(
        "redemption_reversal",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("redemption_id", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("reversed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("actor_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("amount > 0", name=op.f("ck_redemption_reversal_amount_positive")),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["person.id"], name=op.f("fk_redemption_reversal_actor_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["redemption_id"],
            ["redemption.id"],
            name=op.f("fk_redemption_reversal_redemption_id_redemption"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_redemption_reversal")),
    )
    op.create_index(
        op.f("ix_redemption_reversal_redemption_id"),
        "redemption_reversal",
        ["redemption_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_redemption_reversal_reversed_at"),
        "redemption_reversal",
        ["reversed_at"],
        unique=False,
    )
    op.add_column(
        "campaign",
        sa.Column(
            "issue_mode",
            sa.Enum(
                "open_claim",
                "shared_code",
                "unique_codes",
                "direct_grant",
                "automatic",
                name="issuemode",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            server_default="open_claim",
            nullable=False,
        ),
    )
    op.add_column("campaign", sa.Column("shared_code", sa.String(), nullable=True))
    op.add_column(
        "campaign",
        sa.Column(
            "trigger",
            sa.Enum(
                "sign_up",
                "birthday",
                "first_order",
                name="automatictrigger",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
    )
    op.add_column(
        "campaign",
        sa.Column("has_waiting_list", sa.Boolean(), server_default="false", nullable=False),
    )
    op.add_column(
        "campaign", sa.Column("version_number", sa.BigInteger(), server_default="1", nullable=False)
    )
    op.create_unique_constraint(op.f("uq_campaign_shared_code"), "campaign", ["shared_code"])
    op.add_column(
        "campaign_version",
        sa.Column("min_order_after_previous", sa.Boolean(), server_default="false", nullable=False),
    )
    op.add_column("campaign_version", sa.Column("per_day_limit", sa.BigInteger(), nullable=True))
    op.add_column("campaign_version", sa.Column("per_month_limit", sa.BigInteger(), nullable=True))
    op.add_column(
        "coupon",
        sa.Column(
            "source",
            sa.Enum(
                "open_claim",
                "shared_code",
                "unique_code",
                "direct_grant",
                "automatic",
                "waiting_list",
                name="claimsource",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
    )
    op.add_column("coupon", sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_coupon_claimed", "coupon", ["campaign_id", "claimed_at"], unique=False)
    op.create_index("ix_coupon_ended", "coupon", ["campaign_id", "ended_at"], unique=False)
    op.create_check_constraint(
        op.f("ck_campaign_shared_code_given"),
        "campaign",
        "(issue_mode = 'shared_code') = (shared_code IS NOT NULL)",
    )
    op.create_check_constraint(
        op.f("ck_campaign_trigger_given"),
        "campaign",
        "(issue_mode = 'automatic') = (trigger IS NOT NULL)",
    )
    op.create_check_constraint(
        op.f("ck_campaign_version_use_limits_positive"),
        "campaign_version",
        "per_day_limit > 0 AND per_month_limit > 0",
    )
    # Whoever holds a coupon relies on the rules it was issued under.
    op.execute(
        "CREATE TRIGGER campaign_version_never_changes BEFORE UPDATE ON campaign_version "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    op.execute(
        "CREATE TRIGGER redemption_reversal_append_only "
        "BEFORE UPDATE OR DELETE OR TRUNCATE ON redemption_reversal "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
