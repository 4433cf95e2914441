"""One function claims a coupon: what a rush asks the database for is one round trip."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"

# Reads decide first, in this order: is there such a campaign, has the person its coupon, is it
# open, is anything left, may they have it. Only then is a number of the sequence used up, so that
# neither the sold-out crowd nor those the campaign is not for spend numbers. No row is waited for
# by everybody: the sequence gives every claim a slot of its own, and slots a failed claim left
# behind are found with SKIP LOCKED once the sequence is through.
#
# Rules about people are judged by the application, which knows verified facts: the answer `asks`
# names a version and its rules, and the next call says with `cleared` that the person meets them.
# A version without rules asks nothing.
#
# The unique constraint on (campaign, person, turn) is the one truth about who has a coupon: of two
# claims of one person at once the second waits for the first, fails on it and answers `own`.
CLAIM = """
CREATE FUNCTION claim_coupon(
    the_campaign bigint, the_person bigint, the_time timestamptz, the_source text,
    cleared bigint[],
    OUT outcome text, OUT coupon bigint, OUT name text, OUT until timestamptz,
    OUT starts timestamptz, OUT version bigint, OUT rules jsonb
) LANGUAGE plpgsql AS $$
DECLARE
    drive record;
    slots regclass;
    handed_out bigint;
    slot bigint;
    their_version bigint;
    their_rules jsonb;
    their_end timestamptz;
    their_days bigint;
BEGIN
    SELECT c.name, c.status, c.issue_mode, c.issued, c.starts_at, c.ends_at,
           o.id AS own_id, o.expires_at AS own_until, o.state AS own_state
      INTO drive
      FROM campaign c
      LEFT JOIN coupon o ON o.campaign_id = c.id AND o.person_id = the_person AND o.claim_no = 1
     WHERE c.id = the_campaign;
    name := drive.name;
    starts := drive.starts_at;
    outcome := CASE
        WHEN drive.name IS NULL THEN 'unknown'
        WHEN drive.own_state = 'revoked' THEN 'taken_back'
        WHEN drive.own_id IS NOT NULL THEN 'own'
        WHEN drive.status NOT IN ('running', 'paused', 'ended') THEN 'unknown'
        WHEN drive.issue_mode = 'unique_codes' THEN 'unknown'
        WHEN the_source NOT IN (drive.issue_mode, 'direct_grant', 'waiting_list') THEN 'unknown'
        WHEN drive.status = 'ended' OR the_time >= drive.ends_at THEN 'ended'
        WHEN drive.status = 'paused' THEN 'paused'
        WHEN the_time < drive.starts_at THEN 'not_started'
    END;
    IF outcome IS NOT NULL THEN
        coupon := drive.own_id;
        until := drive.own_until;
        RETURN;
    END IF;

    slots := ('coupon_slot_' || the_campaign)::regclass;
    handed_out := coalesce(pg_sequence_last_value(slots), 0);
    FOR turn IN 1..5 LOOP
        slot := NULL;
        IF handed_out < drive.issued THEN
            SELECT k.id, k.version_id, v.eligibility INTO slot, their_version, their_rules
              FROM coupon k JOIN campaign_version v ON v.id = k.version_id
             WHERE k.campaign_id = the_campaign AND k.slot_no = handed_out + 1;
            IF their_rules = '{}' OR their_version = ANY (cleared) THEN
                handed_out := nextval(slots);
                SELECT k.id, k.version_id, v.eligibility, v.valid_until, v.valid_days
                  INTO slot, their_version, their_rules, their_end, their_days
                  FROM coupon k JOIN campaign_version v ON v.id = k.version_id
                 WHERE k.campaign_id = the_campaign AND k.slot_no = handed_out
                   AND k.state = 'issued';
            END IF;
        END IF;
        IF slot IS NULL THEN
            PERFORM 1 FROM coupon k
              WHERE k.campaign_id = the_campaign AND k.state = 'issued' LIMIT 1;
            IF NOT FOUND THEN
                outcome := 'all_taken';
                RETURN;
            END IF;
            SELECT k.id, k.version_id, v.eligibility, v.valid_until, v.valid_days
              INTO slot, their_version, their_rules, their_end, their_days
              FROM coupon k JOIN campaign_version v ON v.id = k.version_id
             WHERE k.campaign_id = the_campaign AND k.state = 'issued'
             ORDER BY k.slot_no LIMIT 1 FOR UPDATE OF k SKIP LOCKED;
            IF slot IS NULL THEN
                outcome := 'all_taken';
                RETURN;
            END IF;
        END IF;
        IF their_rules <> '{}' AND their_version <> ALL (cleared) THEN
            outcome := 'asks';
            version := their_version;
            rules := their_rules;
            RETURN;
        END IF;

        until := coalesce(their_end, the_time + make_interval(days => their_days::int));
        BEGIN
            UPDATE coupon SET person_id = the_person, claimed_at = the_time, state = 'claimed',
                              source = the_source, expires_at = until
             WHERE id = slot AND state = 'issued'
            RETURNING id INTO coupon;
        EXCEPTION WHEN unique_violation THEN
            SELECT 'own', k.id, k.expires_at INTO outcome, coupon, until
              FROM coupon k
             WHERE k.campaign_id = the_campaign AND k.person_id = the_person AND k.claim_no = 1;
            RETURN;
        END;
        IF coupon IS NOT NULL THEN
            outcome := 'given';
            -- As marketplace.core.outbox writes it.
            INSERT INTO job (kind, dedupe_key, payload, state, run_after, attempts)
            VALUES ('notifications.deliver', 'coupon_claimed:' || coupon || ':' || the_person,
                    jsonb_build_object('kind', 'coupon_claimed', 'coupon_id', coupon),
                    'pending', now(), 0)
                ON CONFLICT DO NOTHING;
            RETURN;
        END IF;
    END LOOP;
    outcome := 'all_taken';
END $$
"""


def upgrade() -> None:
    """Apply the change."""
    op.execute(CLAIM)
