-- The business's tables, as numbered steps. A step that has run anywhere is never changed: add the next one.
-- docs/contract.md promises the first three tables to other programs: times in them are UTC text, elsewhere integer milliseconds.

local now = "(strftime('%Y-%m-%d %H:%M:%f', 'now'))"

return {
  -- 1: the spine
  [[
  CREATE TABLE conversations(
    id TEXT PRIMARY KEY,                         -- the number in digits, or Meta's business-scoped id
    phone_number TEXT NOT NULL,                  -- '' for users without one
    status TEXT NOT NULL DEFAULT 'ACTIVE',       -- or 'PAUSED'
    created_at TEXT NOT NULL DEFAULT ]] .. now .. [[,
    updated_at TEXT NOT NULL DEFAULT ]] .. now .. [[,
    name TEXT,                                   -- the profile name
    language TEXT,                               -- 'fr' when the customer's words showed it
    opted_out INTEGER NOT NULL DEFAULT 0,
    last_seq INTEGER NOT NULL DEFAULT 0,         -- arrival order of its messages
    answered_seq INTEGER NOT NULL DEFAULT 0,     -- what arrived up to here has been answered, or needs no answer
    inbound_at INTEGER NOT NULL DEFAULT 0,       -- ms, newest message of the customer: Meta's 24 h window
    waiting_since INTEGER,                       -- ms, arrival of the first unanswered message
    asked TEXT,                                  -- the field the scripted brain asked for last
    token TEXT,                                  -- opaque mark of the booking link
    paused_at INTEGER, paused_by TEXT, paused_by_name TEXT,
    pause_active_at INTEGER,                     -- ms, last word of either side or click in this pause
    pause_asked_at INTEGER,                      -- ms, staff were asked whether to keep it
    paused_told_at INTEGER,                      -- ms, when the customer got the paused reply
    staff_reached_at INTEGER                     -- ms, when a staff message reached the customer in this pause
  ) WITHOUT ROWID;
  CREATE INDEX conversations_paused ON conversations(id) WHERE status = 'PAUSED';
  CREATE TABLE messages(
    id TEXT PRIMARY KEY,                         -- wamid; ours: a UUID, which is also the mark that statuses carry back
    conversation_id TEXT NOT NULL REFERENCES conversations(id),
    role TEXT NOT NULL,                          -- user, assistant, system; staff is 'assistant' with an author
    content TEXT NOT NULL,
    created_at TEXT NOT NULL DEFAULT ]] .. now .. [[,
    seq INTEGER NOT NULL,                        -- user: order of arrival; assistant: the last seq it answers
    part INTEGER NOT NULL DEFAULT 0,             -- assistant: 1 to 3, the parts of one reply
    kind TEXT,                                   -- user: text, image, location, unsupported, …; assistant: model, scripted, canned, paused, opt_out, staff
    author TEXT,                                 -- staff: who wrote it
    said_at INTEGER,                             -- ms, the customer's own clock
    wamid TEXT,                                  -- assistant: the platform's id once accepted
    state TEXT,                                  -- assistant: queued sending accepted sent delivered read failed unknown dropped draft
    state_at INTEGER,
    opened_at INTEGER,                           -- ms, a request for it is in flight since then
    resent INTEGER NOT NULL DEFAULT 0,           -- sent again after a status said failed
    error TEXT                                   -- why it failed or was dropped
  );
  CREATE INDEX messages_conversation ON messages(conversation_id, seq);
  CREATE INDEX messages_wamid ON messages(wamid) WHERE wamid IS NOT NULL;
  CREATE INDEX messages_bad ON messages(state) WHERE state IN ('unknown', 'failed');
  CREATE TABLE quote_data(
    conversation_id TEXT PRIMARY KEY REFERENCES conversations(id),
    json_dump TEXT,                              -- the merged fields
    updated_at TEXT NOT NULL DEFAULT ]] .. now .. [[,
    locked TEXT                                  -- JSON list of fields that staff corrected
  ) WITHOUT ROWID;
  CREATE TABLE turns(                            -- one row a decision, for the owner
    id INTEGER PRIMARY KEY,
    conversation_id TEXT NOT NULL,
    started_at INTEGER NOT NULL, ended_at INTEGER NOT NULL,
    generation TEXT NOT NULL,                    -- content hash of the scripts and prompts that decided
    brain TEXT NOT NULL,                         -- model, scripted, words
    action TEXT NOT NULL,
    calls INTEGER NOT NULL DEFAULT 0,            -- model calls
    rejected TEXT,                               -- a raw answer that was not accepted
    why TEXT                                     -- what was wrong with it
  );
  CREATE TABLE cases(                            -- a chat handed to staff: open → taken → closed
    id INTEGER PRIMARY KEY,
    conversation_id TEXT NOT NULL,
    state TEXT NOT NULL,                         -- open, taken, closed
    reason TEXT NOT NULL,                        -- complete, asked, model, question, failed
    opened_at INTEGER NOT NULL, taken_at INTEGER, closed_at INTEGER,
    taken_by TEXT, taken_by_name TEXT,
    posted_at INTEGER,                           -- when the card reached the channel
    told_late INTEGER,                           -- the customer was told that staff will see it later
    reminded INTEGER NOT NULL DEFAULT 0,
    active_at INTEGER NOT NULL,                  -- last word of either side
    follow_up_at INTEGER,                        -- last follow-up posted
    known TEXT,                                  -- the quote data when it was opened; once closed, when it was closed
    notes TEXT                                   -- words for the next follow-up
  );
  CREATE UNIQUE INDEX cases_live ON cases(conversation_id) WHERE state <> 'closed';
  CREATE INDEX cases_conversation ON cases(conversation_id, id);
  CREATE TABLE slack_seen(mark TEXT PRIMARY KEY, at INTEGER NOT NULL, status INTEGER NOT NULL, body TEXT NOT NULL); -- replayed requests
  CREATE TABLE statuses_early(                   -- statuses of sends we do not know yet; kept 7 days
    wamid TEXT NOT NULL, status TEXT NOT NULL, at INTEGER NOT NULL, error TEXT);
  CREATE INDEX statuses_early_wamid ON statuses_early(wamid);
  CREATE INDEX statuses_early_at ON statuses_early(at);
  CREATE TABLE held(                             -- sends that wait for a closed circuit, to be woken when it closes
    message TEXT PRIMARY KEY, conversation_id TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE circuits(                         -- providers that refuse us: whatsapp, slack, model
    name TEXT PRIMARY KEY, open INTEGER NOT NULL DEFAULT 0, since INTEGER, reason TEXT, failures INTEGER NOT NULL DEFAULT 0,
    probe_at INTEGER, secret TEXT                -- hash of the secret that was refused
  );
  CREATE TABLE alerts(cause TEXT PRIMARY KEY, told_at INTEGER NOT NULL, count INTEGER NOT NULL DEFAULT 0);
  ]],
  -- 2: visits that customers booked
  [[
  CREATE TABLE bookings(
    id INTEGER PRIMARY KEY,
    uid TEXT NOT NULL UNIQUE,                    -- the booking page's own id; a moved visit has a new one
    conversation_id TEXT,                        -- NULL: no chat is known for it
    state TEXT NOT NULL,                         -- requested, booked; over: moved, cancelled, rejected
    start_at INTEGER, end_at INTEGER,            -- ms
    event_at INTEGER NOT NULL,                   -- ms, when the newest word about it was made there
    name TEXT, phone TEXT,                       -- of one without a chat: who, and the number in digits
    reminder_job INTEGER                         -- the job that reminds the customer the day before
  );
  CREATE INDEX bookings_conversation ON bookings(conversation_id, start_at);
  CREATE UNIQUE INDEX conversations_token ON conversations(token) WHERE token IS NOT NULL;
  ALTER TABLE messages ADD COLUMN template TEXT; -- JSON: the approved template to send instead, once the 24 hours are over
  ]],
  -- 3: what is left of people who were erased: keyed marks, no words
  [[
  CREATE TABLE erased(
    mark TEXT PRIMARY KEY,                       -- of the conversation's id, as host.ledger makes it
    erased_at INTEGER NOT NULL,                  -- ms; the same as in the ledger's line
    opted_out INTEGER NOT NULL DEFAULT 0,        -- holds when they write again
    scrubbed INTEGER NOT NULL DEFAULT 0          -- 1: the file was cleaned of what the rows have left in it
  ) WITHOUT ROWID;
  CREATE TABLE erased_messages(mark TEXT PRIMARY KEY, erased_at INTEGER NOT NULL) WITHOUT ROWID; -- so that no redelivery brings them back
  CREATE INDEX erased_messages_at ON erased_messages(erased_at);
  CREATE INDEX turns_conversation ON turns(conversation_id);
  DELETE FROM jobs WHERE kind = 'housekeeping';  -- the job retention does what this one did
  ]],
  -- 4: who waits longest for an answer, without a look at every chat
  [[
  CREATE INDEX conversations_waiting ON conversations(waiting_since) WHERE waiting_since IS NOT NULL;
  ]],
  -- 5: what is too old is found without a look at what is not
  [[
  CREATE INDEX cases_closed ON cases(closed_at) WHERE state = 'closed';
  CREATE INDEX bookings_over ON bookings(max(coalesce(end_at, start_at, event_at), event_at));
  ]],
  -- 6: what one chat, and what a day, may ask of the model
  [[
  ALTER TABLE conversations ADD COLUMN turns_from INTEGER; -- ms, staff returned the chat: turns before it are not counted
  ALTER TABLE conversations ADD COLUMN limited_at INTEGER; -- ms, TURNS_PER_HOUR was reached and the customer was told
  DROP INDEX turns_conversation;
  CREATE INDEX turns_conversation ON turns(conversation_id, started_at);
  CREATE TABLE spending(                         -- what the model cost on a day, on the clock of TZ
    day TEXT PRIMARY KEY,                        -- 2026-11-28
    dollars REAL NOT NULL DEFAULT 0,
    told REAL                                    -- the limit whose end staff were told of
  ) WITHOUT ROWID;
  ]],
  -- 7: what a chat was asked and told, quoted and edited messages
  [[
  ALTER TABLE conversations ADD COLUMN asked_times INTEGER NOT NULL DEFAULT 0; -- how often running the question of `asked` was put
  ALTER TABLE conversations ADD COLUMN unread_times INTEGER NOT NULL DEFAULT 0; -- messages running that the assistant could not read
  ALTER TABLE conversations ADD COLUMN ended_at INTEGER;   -- ms, the customer wants nothing more: nothing is asked until they ask again
  ALTER TABLE conversations ADD COLUMN area TEXT;          -- 'in' or 'out', as the address was judged; NULL: unknown
  ALTER TABLE conversations ADD COLUMN area_place TEXT;    -- the place that the customer named without an address: "im in Hamilton"
  ALTER TABLE conversations ADD COLUMN area_told INTEGER;  -- ms, the customer was told that we do not come there
  ALTER TABLE conversations ADD COLUMN after_hours_at INTEGER; -- ms, the words for outside business hours were last sent
  ALTER TABLE conversations ADD COLUMN nudged INTEGER NOT NULL DEFAULT 0; -- reminders of the open question since the customer's last message
  ALTER TABLE conversations ADD COLUMN confirm TEXT;       -- the field whose old value the customer is asked to confirm
  ALTER TABLE conversations ADD COLUMN edits INTEGER NOT NULL DEFAULT 0; -- edits and deletions of its messages, so that a turn notices one
  ALTER TABLE conversations ADD COLUMN quote_from INTEGER; -- ms, the customer came back: earlier messages belong to an earlier quote
  ALTER TABLE messages ADD COLUMN reply_to TEXT;           -- user: the wamid that this message quotes, or of which it is an edit
  ALTER TABLE messages ADD COLUMN edited_at INTEGER;       -- user: ms, when it was last edited, on the customer's clock
  CREATE TABLE changes_early(                    -- edits and deletions whose message has not arrived; kept 7 days
    id TEXT PRIMARY KEY,                         -- wamid of the edit or deletion
    original TEXT NOT NULL,                      -- wamid of the message
    conversation_id TEXT NOT NULL,
    content TEXT,                                -- the new text; NULL: deleted
    at INTEGER NOT NULL                          -- ms
  ) WITHOUT ROWID;
  CREATE INDEX changes_early_original ON changes_early(original);
  CREATE INDEX changes_early_at ON changes_early(at);
  ]],
  -- 8: one person is one chat, what they send beside words, and what it costs
  [[
  CREATE TABLE identities(                       -- how Meta names the person of a chat
    kind TEXT NOT NULL,                          -- number (digits), user (business-scoped id), of a merged chat: chat (id), token
    value TEXT NOT NULL,
    conversation_id TEXT NOT NULL,
    linked_at INTEGER NOT NULL,                  -- ms
    PRIMARY KEY(kind, value)
  ) WITHOUT ROWID;
  CREATE INDEX identities_conversation ON identities(conversation_id);
  INSERT INTO identities SELECT CASE WHEN phone_number <> '' THEN 'number' ELSE 'user' END,
    CASE WHEN phone_number <> '' THEN phone_number ELSE id END, id, 0 FROM conversations WHERE true ON CONFLICT DO NOTHING;
  ALTER TABLE conversations ADD COLUMN write_to TEXT;      -- the number or business-scoped id that they last wrote from; NULL: as the id says
  ALTER TABLE conversations ADD COLUMN source TEXT;        -- JSON: the ad or post that brought them
  ALTER TABLE conversations ADD COLUMN free_until INTEGER; -- ms, end of the 72 hours that an ad opened
  ALTER TABLE conversations ADD COLUMN blocked_at INTEGER; -- ms, staff blocked this person
  ALTER TABLE conversations ADD COLUMN blocked_by TEXT;    -- who blocked them, in words for staff
  ALTER TABLE conversations ADD COLUMN blocked_messages INTEGER NOT NULL DEFAULT 0; -- that came since and that nobody was told of
  CREATE INDEX conversations_blocked ON conversations(blocked_at) WHERE blocked_at IS NOT NULL;
  ALTER TABLE conversations ADD COLUMN loop TEXT;          -- how like a machine the other side writes (language/loops)
  ALTER TABLE erased ADD COLUMN blocked INTEGER NOT NULL DEFAULT 0; -- they were blocked when they were erased
  ALTER TABLE conversations ADD COLUMN photos_asked INTEGER; -- ms, the customer was asked for photos
  ALTER TABLE messages ADD COLUMN paced_at INTEGER; -- assistant: ms, by which the next message to this person is measured (pace.lua)
  CREATE INDEX messages_paced ON messages(conversation_id, paced_at) WHERE paced_at IS NOT NULL;
  ALTER TABLE messages ADD COLUMN form TEXT;     -- assistant, JSON: buttons, a list, a link button, a location request, a template or a file, beside the words
  ALTER TABLE messages ADD COLUMN file TEXT;     -- assistant: the hash of the file that form names
  CREATE INDEX messages_file ON messages(file) WHERE file IS NOT NULL;
  CREATE TABLE media(                            -- what customers sent beside words
    id INTEGER PRIMARY KEY AUTOINCREMENT,        -- a job may still hold the id of a removed row: it is never given again
    conversation_id TEXT NOT NULL,
    message_id TEXT NOT NULL,
    meta_id TEXT,                                -- the platform's id of it
    kind TEXT NOT NULL,                          -- image, video, audio, document
    mime TEXT,                                   -- as declared; once stored, as its bytes say
    declared TEXT,                               -- the sha256 that the platform told, hex
    name TEXT,                                   -- of a document
    state TEXT NOT NULL,                         -- waiting, stored, refused, gone
    why TEXT,                                    -- refused or gone: the reason, in words for staff
    hash TEXT,                                   -- sha256 of the file in MEDIA_DIR, hex, which is its name
    bytes INTEGER,
    words TEXT,                                  -- of a voice note, as transcribed
    created_at INTEGER NOT NULL,                 -- ms
    stored_at INTEGER
  );
  CREATE INDEX media_message ON media(message_id);
  CREATE INDEX media_conversation ON media(conversation_id, id);
  CREATE INDEX media_hash ON media(hash) WHERE hash IS NOT NULL;
  CREATE TABLE seen(                             -- what came and stored no message: calls, changed names; so that it counts once, kept 7 days
    mark TEXT PRIMARY KEY,                       -- of its id, as host.ledger makes it
    at INTEGER NOT NULL                          -- ms
  ) WITHOUT ROWID;
  CREATE INDEX seen_at ON seen(at);
  ALTER TABLE changes_early ADD COLUMN said_at INTEGER; -- ms, on the customer's clock
  ALTER TABLE messages ADD COLUMN edit_id TEXT;  -- user: wamid of its newest edit, which can be edited, too
  CREATE TABLE costs(                            -- what a chat cost on a day, on the clock of TZ
    conversation_id TEXT NOT NULL,
    day TEXT NOT NULL,                           -- 2026-11-28
    tokens_in INTEGER NOT NULL DEFAULT 0, tokens_cached INTEGER NOT NULL DEFAULT 0, tokens_out INTEGER NOT NULL DEFAULT 0,
    dollars REAL NOT NULL DEFAULT 0,             -- of the model
    service INTEGER NOT NULL DEFAULT 0, utility INTEGER NOT NULL DEFAULT 0, marketing INTEGER NOT NULL DEFAULT 0,
    authentication INTEGER NOT NULL DEFAULT 0,   -- delivered messages that are charged, by category
    free INTEGER NOT NULL DEFAULT 0,             -- delivered messages that are not charged
    message_dollars REAL NOT NULL DEFAULT 0,     -- of the charged messages
    told REAL,                                   -- of the day's total: the limit whose end staff were told of
    PRIMARY KEY(conversation_id, day)            -- '': the day's total, which names nobody
  ) WITHOUT ROWID;
  CREATE INDEX costs_day ON costs(day);
  INSERT INTO costs(conversation_id, day, dollars, told) SELECT '', day, dollars, told FROM spending;
  DROP TABLE spending;
  ALTER TABLE conversations ADD COLUMN boxes TEXT;         -- JSON: how often each text box of the chat's card was used (staff/desk)
  ALTER TABLE circuits ADD COLUMN told_at INTEGER;         -- ms, the owner was told by ALERT_WEBHOOK_URL
  ALTER TABLE cases ADD COLUMN close_reason TEXT;          -- done, not a lead, too far, too expensive, no answer, other; NULL: not by staff
  ALTER TABLE cases ADD COLUMN close_cents INTEGER;        -- the final amount of one that is done
  ALTER TABLE cases ADD COLUMN closed_by TEXT;             -- who closed it
  ALTER TABLE cases ADD COLUMN channel TEXT;               -- with a bot token: where its card is
  ALTER TABLE cases ADD COLUMN ts TEXT;
  CREATE INDEX cases_ts ON cases(ts) WHERE ts IS NOT NULL;
  CREATE TABLE offers(                           -- quotes that staff sent
    id INTEGER PRIMARY KEY AUTOINCREMENT,        -- a customer's phone still shows the buttons of a removed one: no id is given again
    conversation_id TEXT NOT NULL,
    amount_cents INTEGER NOT NULL,
    note TEXT,
    author TEXT NOT NULL,                        -- who sent it, as staff read it
    state TEXT NOT NULL,                         -- sending (WhatsApp has not taken it), open, accepted, declined, withdrawn, expired
    created_at INTEGER NOT NULL,                 -- ms
    answered_at INTEGER,                         -- ms, when the customer accepted or declined it, or staff withdrew it
    message_id TEXT                              -- our message that carries it
  );
  CREATE UNIQUE INDEX offers_open ON offers(conversation_id) WHERE state = 'open';
  CREATE INDEX offers_conversation ON offers(conversation_id, id);
  CREATE INDEX offers_message ON offers(message_id);
  CREATE TABLE slack_posts(                      -- with a bot token: messages of Slack that stand for messages of a chat
    channel TEXT NOT NULL, ts TEXT NOT NULL,
    conversation_id TEXT NOT NULL,
    message_id TEXT,                             -- the message that it is or became
    staff INTEGER NOT NULL,                      -- 1: staff wrote it
    held TEXT,                                   -- JSON: what staff wrote while the assistant has the chat, until they decide
    sign TEXT,                                   -- the reaction that shows the state of the delivery
    PRIMARY KEY(channel, ts)
  ) WITHOUT ROWID;
  CREATE INDEX slack_posts_message ON slack_posts(message_id) WHERE message_id IS NOT NULL;
  CREATE INDEX slack_posts_conversation ON slack_posts(conversation_id);
  CREATE TABLE stages(                           -- what became of a lead (a case), one row a change
    id INTEGER PRIMARY KEY AUTOINCREMENT,        -- it names the change to the owner's own system
    case_id INTEGER NOT NULL,
    conversation_id TEXT NOT NULL,
    kind TEXT NOT NULL,                          -- opened, taken, quoted, accepted, declined, booked, closed
    at INTEGER NOT NULL,                         -- ms
    more TEXT                                    -- JSON: reason, by, cents, start_at
  );
  CREATE INDEX stages_conversation ON stages(conversation_id, id);
  CREATE INDEX stages_case ON stages(case_id);
  CREATE INDEX stages_at ON stages(at);
  CREATE TABLE audit(                            -- what staff did
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,                         -- ms
    user_id TEXT NOT NULL, user_name TEXT, team TEXT,
    action TEXT NOT NULL,                        -- take, return, keep, write, quote, withdraw, set, close, block, unblock
    conversation_id TEXT NOT NULL,
    before TEXT, after TEXT
  );
  CREATE INDEX audit_conversation ON audit(conversation_id, id);
  CREATE INDEX audit_at ON audit(at);
  ]],
}
