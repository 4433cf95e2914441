"""The life of an order: shipments, claims, applications, upkeep of goods, panels, texts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"

# Codes are those of SmartStore's sheets; the second name list is what others call them.
_CARRIERS = (
    (
        "CJGLS",
        "CJ대한통운",
        "CJ택배,대한통운,씨제이대한통운,04,kr.cjlogistics",
        "[0-9]{10}|[0-9]{12}",
        "https://trace.cjlogistics.com/next/tracking.html?wblNo={no}",
    ),
    (
        "EPOST",
        "우체국택배",
        "우체국,우편등기,등기우편,01,kr.epost",
        "[0-9]{13}",
        "https://service.epost.go.kr/trace.RetrieveDomRigiTraceList.comm?sid1={no}",
    ),
    ("HANJIN", "한진택배", "한진,05,kr.hanjin", "[0-9]{12}|[0-9]{14}", None),
    (
        "HYUNDAI",
        "롯데택배",
        "롯데,현대택배,롯데글로벌로지스,08,kr.lotte",
        "[0-9]{12}",
        "https://www.lotteglogis.com/open/tracking?invno={no}",
    ),
    (
        "KGB",
        "로젠택배",
        "로젠,06,kr.logen",
        None,
        "https://www.ilogen.com/web/personal/trace/{no}",
    ),
    (
        "KDEXP",
        "경동택배",
        "경동,23,kr.kdexp",
        None,
        "https://kdexp.com/basicNewDelivery.kd?barcode={no}",
    ),
    ("DAESIN", "대신택배", "대신,22,kr.daesin", None, None),
    ("CHUNIL", "천일택배", "천일,17,kr.chunilps", None, None),
    ("ILYANG", "일양로지스", "일양,11,kr.ilyanglogis", None, None),
    ("CUPARCEL", "CU편의점택배", "CU,씨유,46", None, None),
    (
        "CVSNET",
        "GS편의점택배",
        "GS,GSPOSTBOX,GS Postbox,24,kr.cvsnet",
        None,
        "https://www.cvsnet.co.kr/invoice/tracking.do?invoice_no={no}",
    ),
)


def upgrade() -> None:
    """Apply the change."""
    _create_tables()
    _change_tables()
    _guard()
    _seed_carriers()


def _create_tables() -> None:
    op.create_table(
        "carrier",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("aliases", sa.String(), server_default="", nullable=False),
        sa.Column("number_pattern", sa.String(), nullable=True),
        sa.Column("url_template", sa.String(), nullable=True),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_carrier")),
        sa.UniqueConstraint("name", name=op.f("uq_carrier_name")),
    )
    op.create_table(
        "recorded_text",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column(
            "channel",
            sa.Enum(
                "mail",
                "talk",
                "sms",
                name="channel",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("phone", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recorded_text")),
        sa.UniqueConstraint("reference", name=op.f("uq_recorded_text_reference")),
    )
    op.create_index(op.f("ix_recorded_text_sent_at"), "recorded_text", ["sent_at"], unique=False)
    op.create_table(
        "application",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "draft",
                "submitted",
                "revision",
                "approved",
                "declined",
                name="applicationstatus",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("tagline", sa.String(), server_default="", nullable=False),
        sa.Column("story", sa.String(), server_default="", nullable=False),
        sa.Column("representative_name", sa.String(), nullable=False),
        sa.Column("business_number", sa.String(), nullable=False),
        sa.Column("mail_order_number", sa.String(), nullable=True),
        sa.Column("phone", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("zip_code", sa.String(), nullable=False),
        sa.Column("road_address", sa.String(), nullable=False),
        sa.Column("address_detail", sa.String(), server_default="", nullable=False),
        sa.Column("dong_code", sa.String(), nullable=False),
        sa.Column("bank_code", sa.String(), nullable=False),
        sa.Column("account_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("account_last4", sa.String(), nullable=False),
        sa.Column("account_holder", sa.String(), nullable=False),
        sa.Column(
            "designations",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default="[]",
            nullable=False,
        ),
        sa.Column("answer", sa.String(), nullable=True),
        sa.Column("enterprise_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "(status = 'approved') = (enterprise_id IS NOT NULL)",
            name=op.f("ck_application_approved_is_enterprise"),
        ),
        sa.CheckConstraint(
            "business_number ~ '^[0-9]{10}$'",
            name=op.f("ck_application_business_number_ten_digits"),
        ),
        sa.ForeignKeyConstraint(
            ["decided_by"], ["person.id"], name=op.f("fk_application_decided_by_person")
        ),
        sa.ForeignKeyConstraint(
            ["dong_code"], ["dong.code"], name=op.f("fk_application_dong_code_dong")
        ),
        sa.ForeignKeyConstraint(
            ["enterprise_id"],
            ["enterprise.id"],
            name=op.f("fk_application_enterprise_id_enterprise"),
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_application_person_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_application")),
        sa.UniqueConstraint("enterprise_id", name=op.f("uq_application_enterprise_id")),
    )
    op.create_index(op.f("ix_application_person_id"), "application", ["person_id"], unique=False)
    op.create_index(
        "ix_application_status", "application", ["status", "submitted_at"], unique=False
    )
    op.create_index(
        "uq_application_open",
        "application",
        ["business_number"],
        unique=True,
        postgresql_where=sa.text("status IN ('submitted', 'revision')"),
    )
    op.create_table(
        "document",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("storage_key", sa.String(), nullable=False),
        sa.Column("filename", sa.String(), nullable=False),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("uploaded_by", sa.BigInteger(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["uploaded_by"], ["person.id"], name=op.f("fk_document_uploaded_by_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document")),
    )
    op.create_index(op.f("ix_document_uploaded_by"), "document", ["uploaded_by"], unique=False)
    op.create_table(
        "invitation",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("enterprise_id", sa.BigInteger(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "owner",
                "staff",
                "cashier",
                name="memberrole",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("token_digest", sa.String(), nullable=False),
        sa.Column("invited_by", sa.BigInteger(), nullable=False),
        sa.Column("invited_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["enterprise_id"],
            ["enterprise.id"],
            name=op.f("fk_invitation_enterprise_id_enterprise"),
        ),
        sa.ForeignKeyConstraint(
            ["invited_by"], ["person.id"], name=op.f("fk_invitation_invited_by_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitation")),
        sa.UniqueConstraint("token_digest", name=op.f("uq_invitation_token_digest")),
    )
    op.create_index(
        "uq_invitation_open",
        "invitation",
        ["enterprise_id", "email"],
        unique=True,
        postgresql_where=sa.text("accepted_at IS NULL AND revoked_at IS NULL"),
    )
    op.create_table(
        "panel",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("held_on", sa.Date(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "draft",
                "scoring",
                "closed",
                "published",
                name="panelstatus",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("badges", sa.BigInteger(), server_default="3", nullable=False),
        sa.Column("created_by", sa.BigInteger(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["created_by"], ["person.id"], name=op.f("fk_panel_created_by_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_panel")),
    )
    op.create_table(
        "preference",
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column(
            "channel",
            sa.Enum(
                "mail",
                "talk",
                "sms",
                name="channel",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("is_wanted", sa.Boolean(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_preference_person_id_person")
        ),
        sa.PrimaryKeyConstraint("person_id", "topic", "channel", name=op.f("pk_preference")),
    )
    op.create_table(
        "product_import",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("enterprise_id", sa.BigInteger(), nullable=False),
        sa.Column("uploaded_by", sa.BigInteger(), nullable=False),
        sa.Column("filename", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("storage_key", sa.String(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "waiting",
                "running",
                "done",
                "failed",
                name="importstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("total", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("done", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("created", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("updated", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("unchanged", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column(
            "errors", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False
        ),
        sa.Column("failure", sa.String(), nullable=True),
        sa.Column(
            "uploaded_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["enterprise_id"],
            ["enterprise.id"],
            name=op.f("fk_product_import_enterprise_id_enterprise"),
        ),
        sa.ForeignKeyConstraint(
            ["uploaded_by"], ["person.id"], name=op.f("fk_product_import_uploaded_by_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product_import")),
        sa.UniqueConstraint(
            "enterprise_id", "sha256", name=op.f("uq_product_import_enterprise_id_sha256")
        ),
    )
    op.create_table(
        "requirement",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "document",
                "attestation",
                "terms",
                "review",
                name="requirementkind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("body", sa.String(), server_default="", nullable=False),
        sa.Column("is_mandatory", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("designation_kinds", sa.ARRAY(sa.String()), server_default="{}", nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("retired_on", sa.Date(), nullable=True),
        sa.Column("created_by", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "retired_on IS NULL OR retired_on > effective_on",
            name=op.f("ck_requirement_valid_period"),
        ),
        sa.ForeignKeyConstraint(
            ["created_by"], ["person.id"], name=op.f("fk_requirement_created_by_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_requirement")),
    )
    op.create_table(
        "fulfilment",
        sa.Column("application_id", sa.BigInteger(), nullable=False),
        sa.Column("requirement_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "given",
                "accepted",
                "returned",
                "waived",
                name="fulfilmentstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("document_id", sa.BigInteger(), nullable=True),
        sa.Column("note", sa.String(), server_default="", nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "state NOT IN ('returned', 'waived') OR note <> ''",
            name=op.f("ck_fulfilment_decided_with_reason"),
        ),
        sa.ForeignKeyConstraint(
            ["application_id"],
            ["application.id"],
            name=op.f("fk_fulfilment_application_id_application"),
        ),
        sa.ForeignKeyConstraint(
            ["decided_by"], ["person.id"], name=op.f("fk_fulfilment_decided_by_person")
        ),
        sa.ForeignKeyConstraint(
            ["document_id"], ["document.id"], name=op.f("fk_fulfilment_document_id_document")
        ),
        sa.ForeignKeyConstraint(
            ["requirement_id"],
            ["requirement.id"],
            name=op.f("fk_fulfilment_requirement_id_requirement"),
        ),
        sa.PrimaryKeyConstraint("application_id", "requirement_id", name=op.f("pk_fulfilment")),
    )
    op.create_table(
        "panel_criterion",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("panel_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("weight_bps", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "weight_bps BETWEEN 1 AND 10000", name=op.f("ck_panel_criterion_weight_range")
        ),
        sa.ForeignKeyConstraint(
            ["panel_id"], ["panel.id"], name=op.f("fk_panel_criterion_panel_id_panel")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_panel_criterion")),
        sa.UniqueConstraint("panel_id", "name", name=op.f("uq_panel_criterion_panel_id_name")),
    )
    op.create_table(
        "panellist",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("panel_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "merchandiser",
                "consumer",
                name="panellistkind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["panel_id"], ["panel.id"], name=op.f("fk_panellist_panel_id_panel")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_panellist_person_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_panellist")),
        sa.UniqueConstraint("panel_id", "person_id", name=op.f("uq_panellist_panel_id_person_id")),
    )
    op.create_index(op.f("ix_panellist_person_id"), "panellist", ["person_id"], unique=False)
    op.create_table(
        "panel_entry",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("panel_id", sa.BigInteger(), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("improvement", sa.String(), server_default="", nullable=False),
        sa.Column("channels", sa.ARRAY(sa.String()), server_default="{}", nullable=False),
        sa.Column("has_badge", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["panel_id"], ["panel.id"], name=op.f("fk_panel_entry_panel_id_panel")
        ),
        sa.ForeignKeyConstraint(
            ["product_id"], ["product.id"], name=op.f("fk_panel_entry_product_id_product")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_panel_entry")),
        sa.UniqueConstraint("panel_id", "number", name=op.f("uq_panel_entry_panel_id_number")),
        sa.UniqueConstraint(
            "panel_id", "product_id", name=op.f("uq_panel_entry_panel_id_product_id")
        ),
    )
    op.create_index(op.f("ix_panel_entry_product_id"), "panel_entry", ["product_id"], unique=False)
    op.create_table(
        "price_change",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("consumer_price", sa.BigInteger(), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["product_id"], ["product.id"], name=op.f("fk_price_change_product_id_product")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_price_change")),
    )
    op.create_index(
        "ix_price_change_product", "price_change", ["product_id", "at", "id"], unique=False
    )
    op.create_table(
        "price_plan",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("price_before", sa.BigInteger(), nullable=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "waiting",
                "running",
                "ended",
                "dropped",
                name="planstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("created_by", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_price_plan_period")),
        sa.CheckConstraint("price >= 0", name=op.f("ck_price_plan_price_not_negative")),
        sa.ForeignKeyConstraint(
            ["created_by"], ["person.id"], name=op.f("fk_price_plan_created_by_person")
        ),
        sa.ForeignKeyConstraint(
            ["product_id"], ["product.id"], name=op.f("fk_price_plan_product_id_product")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_price_plan")),
    )
    op.create_index("ix_price_plan_due", "price_plan", ["state", "starts_at"], unique=False)
    op.create_index(op.f("ix_price_plan_product_id"), "price_plan", ["product_id"], unique=False)
    op.create_index(
        "uq_price_plan_open",
        "price_plan",
        ["product_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('waiting', 'running')"),
    )
    op.create_table(
        "claim_history",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("claim_case_id", sa.BigInteger(), nullable=False),
        sa.Column("from_status", sa.String(), nullable=True),
        sa.Column("to_status", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("note", sa.String(), server_default="", nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["claim_case_id"],
            ["claim_case.id"],
            name=op.f("fk_claim_history_claim_case_id_claim_case"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claim_history")),
    )
    op.create_index(
        op.f("ix_claim_history_claim_case_id"), "claim_history", ["claim_case_id"], unique=False
    )
    op.create_table(
        "panel_sheet",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("panellist_id", sa.BigInteger(), nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("has_conflict", sa.Boolean(), nullable=False),
        sa.Column("comment", sa.String(), server_default="", nullable=False),
        sa.Column("improvement", sa.String(), server_default="", nullable=False),
        sa.Column("channels", sa.ARRAY(sa.String()), server_default="{}", nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["panel_entry.id"], name=op.f("fk_panel_sheet_entry_id_panel_entry")
        ),
        sa.ForeignKeyConstraint(
            ["panellist_id"], ["panellist.id"], name=op.f("fk_panel_sheet_panellist_id_panellist")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_panel_sheet")),
        sa.UniqueConstraint(
            "panellist_id", "entry_id", name=op.f("uq_panel_sheet_panellist_id_entry_id")
        ),
    )
    op.create_index(op.f("ix_panel_sheet_entry_id"), "panel_sheet", ["entry_id"], unique=False)
    op.create_table(
        "restock_alert",
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("variant_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_restock_alert_person_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["variant_id"], ["variant.id"], name=op.f("fk_restock_alert_variant_id_variant")
        ),
        sa.PrimaryKeyConstraint("person_id", "variant_id", name=op.f("pk_restock_alert")),
    )
    op.create_index(
        op.f("ix_restock_alert_variant_id"), "restock_alert", ["variant_id"], unique=False
    )
    op.create_table(
        "shipment",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("bundle_id", sa.BigInteger(), nullable=False),
        sa.Column("claim_case_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "method",
            sa.Enum(
                "parcel",
                "direct",
                "pickup",
                name="shipmentmethod",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("carrier_code", sa.String(), nullable=True),
        sa.Column("waybill", sa.String(), nullable=True),
        sa.Column("shipped_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tracked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_event", sa.String(), nullable=True),
        sa.CheckConstraint(
            "(method = 'parcel') = (carrier_code IS NOT NULL AND waybill IS NOT NULL)",
            name=op.f("ck_shipment_parcels_have_a_waybill"),
        ),
        sa.ForeignKeyConstraint(
            ["bundle_id"], ["bundle.id"], name=op.f("fk_shipment_bundle_id_bundle")
        ),
        sa.ForeignKeyConstraint(
            ["carrier_code"], ["carrier.code"], name=op.f("fk_shipment_carrier_code_carrier")
        ),
        sa.ForeignKeyConstraint(
            ["claim_case_id"], ["claim_case.id"], name=op.f("fk_shipment_claim_case_id_claim_case")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shipment")),
    )
    op.create_index(op.f("ix_shipment_bundle_id"), "shipment", ["bundle_id"], unique=False)
    op.create_index(op.f("ix_shipment_claim_case_id"), "shipment", ["claim_case_id"], unique=False)
    op.create_index(
        "ix_shipment_travelling",
        "shipment",
        ["tracked_at"],
        unique=False,
        postgresql_where=sa.text("delivered_at IS NULL AND method = 'parcel'"),
    )
    op.create_index("ix_shipment_waybill", "shipment", ["waybill"], unique=False)
    op.create_table(
        "panel_score",
        sa.Column("sheet_id", sa.BigInteger(), nullable=False),
        sa.Column("criterion_id", sa.BigInteger(), nullable=False),
        sa.Column("score", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("score BETWEEN 1 AND 5", name=op.f("ck_panel_score_score_range")),
        sa.ForeignKeyConstraint(
            ["criterion_id"],
            ["panel_criterion.id"],
            name=op.f("fk_panel_score_criterion_id_panel_criterion"),
        ),
        sa.ForeignKeyConstraint(
            ["sheet_id"], ["panel_sheet.id"], name=op.f("fk_panel_score_sheet_id_panel_sheet")
        ),
        sa.PrimaryKeyConstraint("sheet_id", "criterion_id", name=op.f("pk_panel_score")),
    )
    op.create_table(
        "shipment_line",
        sa.Column("shipment_id", sa.BigInteger(), nullable=False),
        sa.Column("line_id", sa.BigInteger(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_shipment_line_quantity_positive")),
        sa.ForeignKeyConstraint(
            ["line_id"], ["order_line.id"], name=op.f("fk_shipment_line_line_id_order_line")
        ),
        sa.ForeignKeyConstraint(
            ["shipment_id"], ["shipment.id"], name=op.f("fk_shipment_line_shipment_id_shipment")
        ),
        sa.PrimaryKeyConstraint("shipment_id", "line_id", name=op.f("pk_shipment_line")),
    )
    op.create_index(op.f("ix_shipment_line_line_id"), "shipment_line", ["line_id"], unique=False)
    op.create_table(
        "review_photo",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("review_id", sa.BigInteger(), nullable=False),
        sa.Column("storage_key", sa.String(), nullable=False),
        sa.Column("width", sa.BigInteger(), nullable=False),
        sa.Column("height", sa.BigInteger(), nullable=False),
        sa.Column("placeholder", sa.String(), server_default="", nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["review_id"], ["review.id"], name=op.f("fk_review_photo_review_id_review")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_photo")),
    )
    op.create_index(op.f("ix_review_photo_review_id"), "review_photo", ["review_id"], unique=False)
    op.create_table(
        "review_report",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("review_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.BigInteger(), nullable=True),
        sa.Column("is_upheld", sa.Boolean(), nullable=True),
        sa.Column("answer", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["decided_by"], ["person.id"], name=op.f("fk_review_report_decided_by_person")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_review_report_person_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["review_id"], ["review.id"], name=op.f("fk_review_report_review_id_review")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_report")),
    )
    op.create_index(
        "ix_review_report_open",
        "review_report",
        ["id"],
        unique=False,
        postgresql_where=sa.text("decided_at IS NULL"),
    )
    op.create_index(
        op.f("ix_review_report_review_id"), "review_report", ["review_id"], unique=False
    )


def _change_tables() -> None:
    op.add_column("bundle", sa.Column("ship_by", sa.Date(), nullable=True))
    op.add_column("bundle", sa.Column("delayed_until", sa.Date(), nullable=True))
    op.add_column("bundle", sa.Column("delay_reason", sa.String(), nullable=True))
    op.add_column("bundle", sa.Column("delay_told_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(op.f("ix_bundle_ship_by"), "bundle", ["ship_by"], unique=False)
    op.add_column("claim_case", sa.Column("bundle_id", sa.BigInteger(), nullable=True))
    op.add_column(
        "claim_case", sa.Column("reason_code", sa.String(), server_default="other", nullable=False)
    )
    op.add_column(
        "claim_case",
        sa.Column(
            "fault",
            sa.Enum(
                "buyer",
                "seller",
                name="fault",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
    )
    op.add_column(
        "claim_case",
        sa.Column(
            "pick_up",
            sa.Enum(
                "collected",
                "sent",
                "brought",
                name="pickup",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
    )
    op.add_column("claim_case", sa.Column("return_carrier", sa.String(), nullable=True))
    op.add_column("claim_case", sa.Column("return_waybill", sa.String(), nullable=True))
    op.add_column(
        "claim_case", sa.Column("collected_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.add_column("claim_case", sa.Column("inspection", sa.String(), nullable=True))
    op.add_column(
        "claim_case", sa.Column("return_fee", sa.BigInteger(), server_default="0", nullable=False)
    )
    op.add_column("claim_case", sa.Column("rejection_reason", sa.String(), nullable=True))
    op.add_column("claim_case", sa.Column("refund_due_on", sa.Date(), nullable=True))
    op.create_index(
        "ix_claim_case_open",
        "claim_case",
        ["bundle_id"],
        unique=False,
        postgresql_where=sa.text("finished_at IS NULL"),
    )
    op.create_index(
        "ix_claim_case_refund_due",
        "claim_case",
        ["refund_due_on"],
        unique=False,
        postgresql_where=sa.text("finished_at IS NULL"),
    )
    op.create_foreign_key(
        op.f("fk_claim_case_bundle_id_bundle"), "claim_case", "bundle", ["bundle_id"], ["id"]
    )
    op.add_column("claim_line", sa.Column("new_variant_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(
        op.f("fk_claim_line_new_variant_id_variant"),
        "claim_line",
        "variant",
        ["new_variant_id"],
        ["id"],
    )
    op.add_column(
        "enterprise", sa.Column("suspended_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.add_column("enterprise", sa.Column("suspension_reason", sa.String(), nullable=True))
    op.add_column(
        "message",
        sa.Column(
            "channel",
            sa.Enum(
                "mail",
                "talk",
                "sms",
                name="channel",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            server_default="mail",
            nullable=False,
        ),
    )
    op.add_column(
        "message", sa.Column("attempts", sa.BigInteger(), server_default="0", nullable=False)
    )
    op.add_column("message", sa.Column("provider_ref", sa.String(), nullable=True))
    op.add_column("product", sa.Column("review_note", sa.String(), nullable=True))
    op.add_column("question", sa.Column("answered_by", sa.BigInteger(), nullable=True))
    op.create_foreign_key(
        op.f("fk_question_answered_by_person"), "question", "person", ["answered_by"], ["id"]
    )
    op.add_column("review", sa.Column("hidden_reason", sa.String(), nullable=True))
    op.add_column("review", sa.Column("reply", sa.String(), nullable=True))
    op.add_column("review", sa.Column("replied_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "variant", sa.Column("low_stock_at", sa.BigInteger(), server_default="5", nullable=False)
    )
    op.add_column(
        "variant", sa.Column("low_stock_told_at", sa.DateTime(timezone=True), nullable=True)
    )


def _guard() -> None:
    op.create_check_constraint(
        op.f("ck_claim_case_return_fee_not_negative"), "claim_case", "return_fee >= 0"
    )
    op.create_check_constraint(
        op.f("ck_claim_case_goods_come_back_to_somebody"),
        "claim_case",
        "kind = 'cancel' OR (bundle_id IS NOT NULL AND fault IS NOT NULL)",
    )
    op.create_check_constraint(
        op.f("ck_claim_case_rejected_with_reason"),
        "claim_case",
        "(status = 'rejected') = (rejection_reason IS NOT NULL)",
    )
    op.create_check_constraint(
        op.f("ck_variant_low_stock_at_not_negative"), "variant", "low_stock_at >= 0"
    )
    op.drop_constraint(op.f("ck_product_productstatus"), "product", type_="check")
    op.create_check_constraint(
        op.f("ck_product_productstatus"),
        "product",
        "status IN ('draft', 'in_review', 'on_sale', 'suspended', 'ended')",
    )
    for table in ("claim_history", "price_change"):
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def _seed_carriers() -> None:
    op.bulk_insert(
        sa.table(
            "carrier",
            *(
                sa.column(name)
                for name in ("code", "name", "aliases", "number_pattern", "url_template")
            ),
            sa.column("position", sa.BigInteger()),
        ),
        [
            {
                "code": code,
                "name": name,
                "aliases": aliases,
                "number_pattern": pattern,
                "url_template": url,
                "position": position,
            }
            for position, (code, name, aliases, pattern, url) in enumerate(_CARRIERS)
        ],
    )
