-- +goose Up
-- Filings and awards that another room makes: an application to a call for projects.
ALTER TABLE support_filing ADD COLUMN application TEXT NOT NULL DEFAULT '';   -- its id, or ''
ALTER TABLE support_filing ADD COLUMN call_name TEXT NOT NULL DEFAULT '{}';   -- JSON, zh and en
CREATE INDEX support_filing_application ON support_filing (application);
ALTER TABLE support_award ADD COLUMN application TEXT NOT NULL DEFAULT '';
ALTER TABLE support_award ADD COLUMN call_name TEXT NOT NULL DEFAULT '{}';
ALTER TABLE support_award ADD COLUMN ended TEXT NOT NULL DEFAULT '';          -- why it counts no more, or ''
CREATE INDEX support_award_application ON support_award (application);
