-- A business that has run for a while: CHATS chats with ten messages each, their turns, quotes and closed cases, and the last month's
-- webhooks as they came. Run (with CHATS replaced by a number) on a database that `assistant serve` has just made, with nobody using
-- it. Ids are random, as the platform's are: ones that grow would flatter every index. Each quote lacks two fields, so that a turn asks
-- for one of them, as the first turn of a chat does: a complete quote would post a card.
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA cache_size = -400000;
BEGIN;

CREATE TEMP TABLE chat AS
  WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < CHATS - 1)
  SELECT i, CAST(14160000000 + i AS TEXT) AS id, (unixepoch() - 15000000 + i * 14000000 / CHATS) AS at FROM n;
CREATE TEMP TABLE entry AS
  WITH RECURSIVE n(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM n WHERE k < 5) SELECT k FROM n;

INSERT INTO conversations(id, phone_number, created_at, updated_at, name, last_seq, answered_seq, inbound_at)
  SELECT id, id, strftime('%Y-%m-%d %H:%M:%f', at, 'unixepoch'), strftime('%Y-%m-%d %H:%M:%f', at, 'unixepoch'), 'Customer ' || i, 5, 5, at * 1000
  FROM chat;
INSERT INTO identities(kind, value, conversation_id, linked_at) SELECT 'number', id, id, at * 1000 FROM chat;
INSERT INTO messages(id, conversation_id, role, content, created_at, seq, kind, said_at)
  SELECT 'wamid.' || hex(randomblob(20)), id, 'user',
    'We have an old sofa, two chairs and about ten boxes of books on the second floor, unit ' || i || ', there is an elevator (' || k || ')',
    strftime('%Y-%m-%d %H:%M:%f', at + k * 60, 'unixepoch'), k, 'text', (at + k * 60) * 1000
  FROM entry, chat;
INSERT INTO messages(id, conversation_id, role, content, created_at, seq, part, kind, wamid, state, state_at)
  SELECT lower(hex(randomblob(16))), id, 'assistant', 'Thanks! Are there any stairs involved, or can we use the elevator all the way?',
    strftime('%Y-%m-%d %H:%M:%f', at + k * 60 + 5, 'unixepoch'), k, 1, 'model', 'wamid.' || hex(randomblob(20)), 'read', (at + k * 60 + 9) * 1000
  FROM entry, chat;
INSERT INTO quote_data(conversation_id, json_dump)
  SELECT id, '{"address":"' || (i % 9000) || ' Queen St W, Toronto","inventory":"sofa, 2 chairs, 10 boxes"}' FROM chat;
INSERT INTO turns(conversation_id, started_at, ended_at, generation, brain, action, calls)
  SELECT id, (at + k * 60) * 1000, (at + k * 60 + 2) * 1000, '0123456789abcdef', 'model', 'continue', 1 FROM entry, chat;
INSERT INTO cases(conversation_id, state, reason, opened_at, taken_at, closed_at, posted_at, active_at, known)
  SELECT id, 'closed', 'complete', at * 1000, at * 1000, (at + 90000) * 1000, at * 1000, at * 1000, '{}' FROM chat WHERE i % 3 = 0;

-- Webhooks are kept for 30 days of the 174: they have been read.
INSERT INTO inbox(id, reader, received_at, body)
  SELECT (SELECT coalesce(max(id), 0) FROM inbox) + row_number() OVER (), 'whatsapp', at * 1000,
    CAST('{"object":"whatsapp_business_account","entry":[{"id":"5550001","changes":[{"field":"messages","value":{"messaging_product":"whatsapp","metadata":'
    || '{"display_phone_number":"14165550100","phone_number_id":"106540352242922"},"contacts":[{"profile":{"name":"Customer"},"wa_id":"' || id
    || '"}],"messages":[{"from":"' || id || '","id":"wamid.' || hex(randomblob(20)) || '","timestamp":"' || at
    || '","type":"text","text":{"body":"We have an old sofa, two chairs and about ten boxes of books on the second floor"}}]}}]}]}' AS BLOB)
  FROM entry, chat WHERE at > unixepoch() - 2592000;
UPDATE marks SET value = (SELECT max(id) FROM inbox) WHERE name = 'inbox.read' AND (SELECT max(id) FROM inbox) IS NOT NULL;
COMMIT;
