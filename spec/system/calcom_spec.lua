-- What each run of Cal.com's events leaves: whose visit it is, what stands, what the customer and staff read. All runs go through one
-- process; each has a chat A with the token of its link, and a chat B.

local chat = require "spec.support.chat"
local crypto = require "host.crypto"
local json = require "host.json"
local meta = require "spec.support.meta"
local shell = require "spec.support.shell"
local time = require "host.time"
local wire = require "spec.support.wire"

local SECRET = "cal-" .. meta.word()
-- Tuesdays at 2:30 PM in Toronto, far ahead; and one that is over.
local S, T, U, PAST = "2035-07-10T18:30:00Z", "2035-07-17T18:30:00Z", "2035-07-24T18:30:00Z", "2026-01-06T19:30:00Z"
local NAME = { [S] = "S", [T] = "T", [U] = "U", [PAST] = "past" }

-- An event: its kind, then fields of the payload. token, phone: a chat's. by: the attendee's name. old, from: id and time of what it takes
-- the place of. ask: another time is wanted. at: the second in which it was made, default in order.
local function created(fields) return { "BOOKING_CREATED", fields } end
local function requested(fields) return { "BOOKING_REQUESTED", fields } end
local function moved(fields) return { "BOOKING_RESCHEDULED", fields } end
local function cancelled(fields) return { "BOOKING_CANCELLED", fields } end
local function rejected(fields) return { "BOOKING_REJECTED", fields } end

local RUNS = {
  -- B1: the id is in one event and not in the next
  { "B1: without its id, then cancelled by id and time", { created { token = "A", start = S }, cancelled { uid = "1", start = S } }, "cancelled S", "booked cancelled" },
  { "B1: without its id, then cancelled by id and mark at a time that was never told", { created { token = "A", start = S }, cancelled { uid = "1", token = "A", start = T } },
    "cancelled T", "booked cancelled" },
  { "B1: with its id, then cancelled by the mark alone", { created { uid = "1", token = "A", start = S }, cancelled { token = "A" } }, "cancelled S", "booked cancelled" },
  { "B1: with its id, then cancelled without it, by time and name", { created { uid = "1", token = "A", start = S }, cancelled { start = S } }, "cancelled S", "booked cancelled" },
  { "B1: in another time zone", { created { token = "A", start = S }, cancelled { uid = "1", start = "2035-07-10T14:30:00-04:00" } }, "cancelled S", "booked cancelled" },
  { "B1: never with an id, and cancelled twice", { created { token = "A", start = S }, cancelled { start = S }, cancelled { start = S } }, "cancelled S", "booked cancelled" },
  { "B1: cancelled by id, and once more without it", { created { uid = "1", token = "A", start = S }, cancelled { uid = "1" }, cancelled { token = "A", start = S } },
    "cancelled S", "booked cancelled" },
  { "B1: cancelled by id before the booking without one comes", { cancelled { uid = "1", token = "A", start = S, at = 5 }, created { token = "A", start = S, at = 1 } },
    "cancelled S", "cancelled" },
  { "B1: without its id, then moved to a new id", { created { token = "A", start = S }, moved { uid = "2", old = "1", from = S, start = T } }, "moved S, booked T",
    "booked moved" },
  { "B1: without its id, moved, and the old id cancelled afterwards", { created { token = "A", start = S }, moved { uid = "2", old = "1", token = "A", start = T },
    cancelled { uid = "1", token = "A", start = S } }, "moved S, booked T", "booked moved" },
  { "B1: without its id, moved without a new one, then cancelled by it", { created { token = "A", start = S }, moved { old = "1", token = "A", start = T }, cancelled { uid = "1" } },
    "cancelled T", "booked moved cancelled" },
  { "B1: requested without its id, then confirmed with it", { requested { token = "A", start = S }, created { uid = "1", token = "A", start = S } }, "booked S", "requested booked" },
  { "B1: requested with its id, then rejected without it", { requested { uid = "1", token = "A", start = S }, rejected { start = S } }, "rejected S", "requested rejected" },
  { "B1: of two visits without ids the one at that time is cancelled", { created { token = "A", start = S }, created { token = "A", start = T }, cancelled { uid = "1", token = "A", start = T } },
    "booked S, cancelled T", "booked booked cancelled" },
  { "B1: of two visits none is guessed", { created { uid = "1", token = "A", start = S }, created { uid = "2", token = "A", start = T }, cancelled { token = "A" } },
    "booked S, booked T", "booked booked", parked = true },
  { "B1: an id that is known is not another one's", { created { uid = "1", token = "A", start = S }, cancelled { uid = "9", token = "A", start = T } }, "booked S, cancelled T",
    "booked cancelled" },
  { "B1: booked again at the time of a cancelled one", { created { uid = "1", token = "A", start = S }, cancelled { uid = "1" }, created { token = "A", start = S } },
    "cancelled S, booked S", "booked cancelled booked" },
  -- B2: a new time is wanted
  { "B2: the team asks for another time", { created { uid = "2", token = "A", start = S }, cancelled { uid = "2", ask = true } }, "cancelled S", "booked another" },
  { "B2: … by a template's text", { created { uid = "2", token = "A", start = S }, cancelled { uid = "2", ask = "true" } }, "cancelled S", "booked another" },
  { "B2: … of a visit whose id is not known", { created { token = "A", start = S }, cancelled { uid = "2", ask = true, start = S } }, "cancelled S", "booked another" },
  { "B2: … of one that was only requested", { requested { uid = "2", token = "A", start = S }, cancelled { uid = "2", ask = true } }, "cancelled S", "requested another" },
  { "B2: … and the customer picks one", { created { uid = "2", token = "A", start = S }, cancelled { uid = "2", ask = true }, created { uid = "3", old = "2", start = T } },
    "moved S, booked T", "booked another booked" },
  { "B2: … twice, then it is cancelled for good", { created { uid = "2", token = "A", start = S }, cancelled { uid = "2", ask = true }, cancelled { uid = "2", ask = true },
    cancelled { uid = "2" } }, "cancelled S", "booked another" },
  -- moves
  { "moved by its new id, and told once, although it comes twice", { created { uid = "1", token = "A", start = S }, moved { uid = "2", old = "1", start = T, at = 3 },
    moved { uid = "2", old = "1", start = T, at = 3 } }, "moved S, booked T", "booked moved" },
  { "moved without a new id, then cancelled", { created { uid = "1", token = "A", start = S }, moved { old = "1", start = T }, cancelled { uid = "1" } }, "cancelled T",
    "booked moved cancelled" },
  { "moved by Cal.com's API is asked for", { created { uid = "1", token = "A", start = S }, requested { uid = "2", old = "1", start = T }, created { uid = "2", start = T } },
    "moved S, booked T", "booked requested booked" },
  { "an older move comes after the cancellation", { created { uid = "1", token = "A", start = S }, cancelled { uid = "1", at = 9 }, moved { uid = "1", start = T, at = 3 } },
    "cancelled S", "booked cancelled" },
  { "of two visits the moved one is not guessed", { created { uid = "1", token = "A", start = S }, created { uid = "2", token = "A", start = T }, moved { uid = "3", token = "A", start = U } },
    "booked S, booked T, booked U", "booked booked moved" },
  -- whose visit it is
  { "B3: with the number of a customer and no mark it belongs to nobody", { created { uid = "3", phone = "B", start = S }, cancelled { uid = "3" } }, "", "", b = "", staff = true },
  { "B3: … not by a later move either", { created { uid = "3", phone = "B", start = S }, moved { uid = "4", old = "3", phone = "B", start = T } }, "", "", b = "", staff = true },
  { "with a forwarded link it belongs to the chat of the link; the other's number counts for nothing", { created { uid = "1", token = "A", phone = "B", by = "Zoe", start = S } },
    "booked S", "booked", b = "", staff = true },
  { "moved with another chat's link it stays in its own chat", { created { uid = "1", token = "A", start = S }, moved { uid = "2", old = "1", token = "B", start = T } },
    "moved S, booked T", "booked moved", b = "" },
  { "with the mark of a chat that was merged into it", { created { uid = "1", token = "merged", start = S } }, "booked S", "booked" },
  { "with a mark that is nobody's it is told to staff", { created { uid = "1", token = "0123456789abcdef", start = S } }, "", "", staff = true },
  { "without a mark, then moved with one, it belongs to that chat", { created { uid = "1", start = S }, moved { uid = "1", token = "A", start = T } }, "booked T", "moved" },
  -- what is over
  { "news of a time that is over are told to staff alone", { created { uid = "1", token = "A", start = PAST }, cancelled { uid = "1" } }, "cancelled past", "", staff = true },
  { "other events change nothing", { created { uid = "1", token = "A", start = S }, { "MEETING_ENDED", { uid = "1", start = S } }, { "BOOKING_PAID", { uid = "1" } },
    { "BOOKING_NO_SHOW_UPDATED", { uid = "1" } }, { "PING", {} } }, "booked S", "booked" },
  { "dates that repeat are visits of their own", { created { uid = "1", token = "A", start = S, recurring = true }, created { uid = "2", token = "A", start = T, recurring = true },
    cancelled { uid = "1" } }, "cancelled S, booked T", "booked booked cancelled" },
}

local TOLD = { { "You're booked for", "booked" }, { "has been moved", "moved" }, { "another time for", "another" }, { "is cancelled", "cancelled" },
  { "received your request", "requested" }, { "doesn't work for", "rejected" } }

describe("Cal.com's events", function()
  local scene, service

  local function body(run, event, number)
    local kind, fields = event[1], event[2]
    local payload = { uid = fields.uid and run.mark .. fields.uid or json.null, startTime = fields.start,
      rescheduleUid = fields.old and run.mark .. fields.old, rescheduleStartTime = fields.from, requestReschedule = fields.ask,
      metadata = fields.token and { conv = run[fields.token] or fields.token } or {}, recurringEventId = fields.recurring and run.mark or nil,
      attendees = { { name = fields.by or run.by, phoneNumber = fields.phone and "+" .. run[fields.phone] or nil } } }
    return json.encode { triggerEvent = kind, createdAt = time.iso(run.begun + (fields.at or number) * 1000), payload = payload }
  end

  setup(function()
    scene = chat.open { env = { CALCOM_WEBHOOK_SECRET = SECRET } }
    service = scene.service
    service:term()
    local sql = {}
    for _, run in ipairs(RUNS) do
      run.A, run.B, run.mark, run.by, run.begun = meta.phone(), meta.phone(), meta.word(), "Ann " .. meta.word(), time.now_ms() - 60000
      run.merged = "merged" .. run.mark
      sql[#sql + 1] = ("INSERT INTO identities(kind, value, conversation_id, linked_at) VALUES('token', '%s', '%s', 0)"):format(run.merged, run.A)
      for _, name in ipairs { "A", "B" } do
        sql[#sql + 1] = ("INSERT INTO conversations(id, phone_number, inbound_at, token) VALUES('%s', '%s', %d, '%s')"):format(run[name], run[name], time.now_ms(), run[name])
        sql[#sql + 1] = ("INSERT INTO identities(kind, value, conversation_id, linked_at) VALUES('number', '%s', '%s', 0)"):format(run[name], run[name])
      end
    end
    service:sql(table.concat(sql, ";\n"))
    service:start()
    RUNS[#RUNS + 1] = { "the last one", { created { uid = "1", token = RUNS[1].B, start = U } }, mark = meta.word(), by = "Last", begun = time.now_ms(), A = "0", B = "0" }
    local connection = wire.dial(service.port)
    for _, run in ipairs(RUNS) do
      for number, event in ipairs(run[2]) do
        local bytes = body(run, event, number)
        connection:send(("POST /calcom/webhook HTTP/1.1\r\nHost: x\r\nX-Cal-Signature-256: %s\r\nContent-Length: %d\r\n\r\n%s"):format(
          crypto.hex(crypto.hmac_sha256(SECRET, bytes)), #bytes, bytes))
        assert.equal(200, connection:read(1, 5)[1].status)
      end
    end
    connection:close()
    scene:sent(RUNS[1].B, "You're booked", 1, 20)
    table.remove(RUNS)
  end)
  teardown(chat.close_all)

  local function all(sql)
    local by = {}
    for _, row in ipairs(service:rows(sql)) do
      by[row.id] = by[row.id] or {}
      table.insert(by[row.id], row)
    end
    return by
  end

  local seen

  local function look()
    seen = seen or { visits = all "SELECT conversation_id AS id, state, start_at FROM bookings WHERE conversation_id IS NOT NULL ORDER BY start_at, id",
      said = all "SELECT conversation_id AS id, content FROM messages WHERE role = 'assistant' ORDER BY rowid",
      reminders = all "SELECT b.conversation_id AS id FROM jobs j JOIN bookings b ON b.reminder_job = j.id WHERE j.kind = 'reminder' AND b.state = 'booked'" }
    return seen
  end

  local function visits(id)
    local list = {}
    for i, row in ipairs(look().visits[id] or {}) do
      local name = "?"
      for at, short in pairs(NAME) do if time.parse(at) == row.start_at then name = short end end
      list[i] = row.state .. " " .. name
    end
    return table.concat(list, ", ")
  end

  local function told(id)
    local list = {}
    for i, row in ipairs(look().said[id] or {}) do
      list[i] = "?"
      for _, one in ipairs(TOLD) do if row.content:find(one[1], 1, true) then list[i] = one[2] end end
    end
    return table.concat(list, " ")
  end

  for _, run in ipairs(RUNS) do
    it(run[1], function()
      assert.equal(run[3], visits(run.A))
      assert.equal(run[4], told(run.A))
      local booked = select(2, run[3]:gsub("booked", ""))
      assert.equal(booked, #(look().reminders[run.A] or {}))
      if run.b then assert.same({ "", "" }, { visits(run.B), told(run.B) }) end
      if run.staff then scene:posts(run[2][1][2].by or run.by) end
      if run.parked then scene:posts("without a time that can be read") end
    end)
  end

  it("B1: no reminder of a visit that does not stand is left", function()
    assert.equal(0, service:value [[SELECT count(*) FROM bookings WHERE reminder_job IS NOT NULL AND state NOT IN ('booked')]])
    shell.until_(function() return service:value "SELECT count(*) FROM jobs WHERE kind = 'reminder'" == service:value [[SELECT count(*) FROM bookings
      WHERE state = 'booked' AND conversation_id IS NOT NULL]] end, 3, "one reminder for each visit")
  end)
end)
