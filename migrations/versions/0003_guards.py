"""Rules only triggers can keep: a balanced book, append-only tables, whole shares."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"

APPEND_ONLY = (
    "ledger_entry",
    "ledger_posting",
    "audit_event",
    "access_log",
    "payment_history",
    "order_line_history",
)

BALANCED = """
CREATE FUNCTION ledger_entry_is_balanced() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    legs bigint;
    difference numeric;
BEGIN
    SELECT count(*), coalesce(sum(amount), 0) INTO legs, difference
      FROM ledger_posting WHERE entry_id = NEW.id;
    IF legs < 2 OR difference <> 0 THEN
        RAISE EXCEPTION 'ledger entry % has % legs and is off by %', NEW.id, legs, difference
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$
"""

SAME_TRANSACTION = """
CREATE FUNCTION ledger_posting_joins_own_entry() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM ledger_entry
      WHERE id = NEW.entry_id AND transaction_id = pg_current_xact_id()::text::bigint;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'ledger entry % is closed', NEW.entry_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$
"""

REFUSE = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$
"""

WHOLE_SHARES = """
CREATE FUNCTION campaign_shares_are_whole() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE total bigint;
BEGIN
    SELECT sum(share_bps) INTO total FROM campaign_grant WHERE version_id = NEW.version_id;
    IF total <> 10000 THEN
        RAISE EXCEPTION 'shares of version % sum to % basis points', NEW.version_id, total
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$
"""


def upgrade() -> None:
    """Apply the change."""
    for function in (BALANCED, SAME_TRANSACTION, REFUSE, WHOLE_SHARES):
        op.execute(function)
    op.execute(
        "CREATE CONSTRAINT TRIGGER ledger_entry_balanced AFTER INSERT ON ledger_entry "
        "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_entry_is_balanced()"
    )
    op.execute(
        "CREATE TRIGGER ledger_posting_own_entry BEFORE INSERT ON ledger_posting "
        "FOR EACH ROW EXECUTE FUNCTION ledger_posting_joins_own_entry()"
    )
    op.execute(
        "CREATE CONSTRAINT TRIGGER campaign_shares_whole AFTER INSERT OR UPDATE ON campaign_grant "
        "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION campaign_shares_are_whole()"
    )
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
