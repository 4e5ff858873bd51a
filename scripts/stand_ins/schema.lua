-- The stand-ins' own tables, as numbered steps. They hold nothing of the assistant's, and the assistant's tables hold nothing of theirs.

return {
  -- 1: phones and what is on their screens, the channel, faults
  [[
  CREATE TABLE sandbox_counters(name TEXT PRIMARY KEY, value INTEGER NOT NULL);
  CREATE TABLE sandbox_phones(
    number TEXT PRIMARY KEY,                     -- digits, or a business-scoped user id
    name TEXT NOT NULL,
    wrote_at INTEGER,                            -- ms, the customer's last message: the 24 h window
    typing_until INTEGER NOT NULL DEFAULT 0      -- ms, "typing…" is shown until then
  );
  CREATE TABLE sandbox_messages(
    seq INTEGER PRIMARY KEY,
    wamid TEXT NOT NULL UNIQUE,
    number TEXT NOT NULL,
    side TEXT NOT NULL,                          -- customer, business
    type TEXT NOT NULL,
    text TEXT NOT NULL,                          -- as the screen shows it
    state TEXT NOT NULL,                         -- customer: sending delivered read; business: accepted sent delivered read failed
    opaque TEXT,                                 -- biz_opaque_callback_data, echoed on every status
    error INTEGER,                               -- code of a failed one
    at INTEGER NOT NULL
  );
  CREATE INDEX sandbox_messages_number ON sandbox_messages(number, seq);
  CREATE TABLE sandbox_slack(
    seq INTEGER PRIMARY KEY,
    ts TEXT NOT NULL UNIQUE,
    thread_ts TEXT,
    via TEXT NOT NULL,                           -- webhook, api, response, staff
    user TEXT,                                   -- staff: who wrote it
    ephemeral INTEGER NOT NULL DEFAULT 0,        -- only the one who clicked sees it
    text TEXT NOT NULL,
    blocks TEXT,                                 -- JSON
    updates INTEGER NOT NULL DEFAULT 0,
    at INTEGER NOT NULL
  );
  CREATE TABLE sandbox_response_urls(token TEXT PRIMARY KEY, ts TEXT NOT NULL, uses INTEGER NOT NULL DEFAULT 0, at INTEGER NOT NULL);
  CREATE TABLE sandbox_faults(
    upstream TEXT PRIMARY KEY,                   -- model, graph, slack
    kind TEXT NOT NULL,
    times INTEGER,                               -- how often still; NULL: always
    every INTEGER NOT NULL DEFAULT 1,            -- only each Nth request
    seen INTEGER NOT NULL DEFAULT 0,
    delay_ms INTEGER
  );
  CREATE TABLE sandbox_webhooks(                 -- how the assistant answered what we posted
    id INTEGER PRIMARY KEY, path TEXT NOT NULL, status INTEGER NOT NULL, ms INTEGER NOT NULL, at INTEGER NOT NULL, error TEXT
  );
  ]],
  -- 2: what upstreams were asked, what the model is to answer, any code of Meta's
  [[
  CREATE TABLE sandbox_requests(
    id INTEGER PRIMARY KEY, upstream TEXT NOT NULL, path TEXT NOT NULL, body TEXT NOT NULL,
    at INTEGER NOT NULL, ended_at INTEGER, status INTEGER
  );
  CREATE TABLE sandbox_plans(
    id INTEGER PRIMARY KEY,
    contains TEXT NOT NULL,                      -- '': any text
    plan TEXT NOT NULL,                          -- JSON
    times INTEGER,                               -- how often still; NULL: always
    held INTEGER NOT NULL                        -- 1: the answer waits
  );
  ALTER TABLE sandbox_faults ADD COLUMN code INTEGER;
  ]],
  -- 3: faults for some requests only
  [[
  ALTER TABLE sandbox_faults ADD COLUMN contains TEXT;
  ]],
  -- 4: the booking page's calendar
  [[
  CREATE TABLE sandbox_bookings(
    id INTEGER PRIMARY KEY,
    uid TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL,                         -- ACCEPTED, CANCELLED
    start_at INTEGER NOT NULL,                   -- ms
    name TEXT NOT NULL, email TEXT, phone TEXT,
    metadata TEXT NOT NULL,                      -- JSON, as the link carried it
    moved_to TEXT,                               -- uid of what took its place
    at INTEGER NOT NULL
  );
  ]],
  -- 5: media, both names of a person, the limits of the account, how limits are said
  [[
  CREATE TABLE sandbox_media(
    id TEXT PRIMARY KEY,                         -- digits
    side TEXT NOT NULL,                          -- customer: lives 7 days; business (uploaded): 30
    mime_type TEXT NOT NULL,
    sha256 TEXT NOT NULL,                        -- base64, as it is said; can be untrue
    file_size INTEGER NOT NULL,                  -- as it is said
    bytes BLOB,                                  -- NULL: made from size and salt
    size INTEGER, salt TEXT,
    elsewhere TEXT,                              -- the address that is said instead of ours
    made_at INTEGER NOT NULL
  );
  ALTER TABLE sandbox_phones ADD COLUMN user_id TEXT;                          -- the business-scoped id
  ALTER TABLE sandbox_phones ADD COLUMN username TEXT;
  ALTER TABLE sandbox_phones ADD COLUMN blocked INTEGER NOT NULL DEFAULT 0;    -- by the business
  ALTER TABLE sandbox_phones ADD COLUMN tokens REAL;                           -- sends left of the burst to this person
  ALTER TABLE sandbox_phones ADD COLUMN tokens_at INTEGER;                     -- ms, when they were counted
  ALTER TABLE sandbox_phones ADD COLUMN ad_at INTEGER;                         -- ms, the last message that came by an ad
  CREATE INDEX sandbox_phones_user ON sandbox_phones(user_id);
  ALTER TABLE sandbox_messages ADD COLUMN form TEXT;                           -- JSON of the message, for the page
  ALTER TABLE sandbox_faults ADD COLUMN status INTEGER;
  ALTER TABLE sandbox_faults ADD COLUMN retry_after TEXT;
  CREATE TABLE sandbox_account(name TEXT PRIMARY KEY, value REAL NOT NULL);
  ]],
  -- 6: how long a limit lasts
  [[
  ALTER TABLE sandbox_faults ADD COLUMN minutes INTEGER;
  ]],
  -- 7: Slack's threads, reactions, files, modals, boxes; its workspace; errors by name
  [[
  ALTER TABLE sandbox_slack ADD COLUMN channel TEXT;
  ALTER TABLE sandbox_slack ADD COLUMN broadcast INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE sandbox_slack ADD COLUMN files TEXT;                             -- JSON, ids
  ALTER TABLE sandbox_slack ADD COLUMN reactions TEXT;                         -- JSON, name → ids of people
  ALTER TABLE sandbox_slack ADD COLUMN edited_at INTEGER;
  ALTER TABLE sandbox_slack ADD COLUMN deleted INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE sandbox_slack ADD COLUMN stone INTEGER NOT NULL DEFAULT 0;       -- deleted, but its thread goes on
  CREATE INDEX sandbox_slack_thread ON sandbox_slack(thread_ts);
  ALTER TABLE sandbox_response_urls ADD COLUMN channel TEXT;
  ALTER TABLE sandbox_response_urls ADD COLUMN user TEXT;
  CREATE TABLE sandbox_slack_workspace(name TEXT PRIMARY KEY, value TEXT NOT NULL);  -- JSON
  CREATE TABLE sandbox_slack_channels(
    id TEXT PRIMARY KEY, name TEXT NOT NULL, is_private INTEGER NOT NULL, is_archived INTEGER NOT NULL, is_member INTEGER NOT NULL,
    gone INTEGER NOT NULL
  );
  CREATE TABLE sandbox_slack_people(id TEXT PRIMARY KEY, name TEXT NOT NULL, real_name TEXT NOT NULL);
  CREATE TABLE sandbox_slack_buckets(name TEXT PRIMARY KEY, tokens REAL NOT NULL, at INTEGER NOT NULL);
  CREATE TABLE sandbox_slack_triggers(id TEXT PRIMARY KEY, user TEXT NOT NULL, at INTEGER NOT NULL, used INTEGER NOT NULL DEFAULT 0);
  CREATE TABLE sandbox_slack_boxes(              -- what a person typed or chose, until the box goes
    place TEXT NOT NULL, user TEXT NOT NULL, block_id TEXT NOT NULL, action_id TEXT NOT NULL, state TEXT NOT NULL,
    PRIMARY KEY(place, user, block_id, action_id)
  );
  CREATE TABLE sandbox_slack_views(
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, root TEXT NOT NULL, previous TEXT, user TEXT NOT NULL,
    view TEXT NOT NULL, hash TEXT NOT NULL, external_id TEXT, open INTEGER NOT NULL
  );
  CREATE TABLE sandbox_slack_files(
    id TEXT PRIMARY KEY, name TEXT NOT NULL, title TEXT, mime_type TEXT NOT NULL, size INTEGER NOT NULL, bytes BLOB, user TEXT NOT NULL,
    state TEXT NOT NULL,                         -- asked, uploaded, shared, deleted
    upload TEXT NOT NULL, mode TEXT NOT NULL, made_at INTEGER NOT NULL
  );
  ALTER TABLE sandbox_faults ADD COLUMN error TEXT;
  ]],
  -- 8: with which words Slack refused
  [[
  ALTER TABLE sandbox_requests ADD COLUMN refusal TEXT;
  CREATE INDEX sandbox_requests_refused ON sandbox_requests(id) WHERE refusal IS NOT NULL;
  ]],
}
