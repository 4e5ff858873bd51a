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
}
