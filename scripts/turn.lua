-- One turn from end to end: the unanswered messages of a customer become one answer. The job of a turn runs when the customer has been
-- quiet. A conversation has one turn at a time, in order. The model proposes, this file and flow/ decide.
--
--   read what is known → messages that need no model → ask the model → otherwise the fixed questions → one transaction: store the answer
--   and what was learnt, hand off when it is due. Messages that arrive meanwhile wait for the next turn, whose job is in the lane already.

local additions = require "flow.additions"
local area = require "flow.area"
local booking_link = require "channels.booking_link"
local cases = require "records.cases"
local clock = require "ops.clock"
local conversation_flow = require "flow.conversation"
local conversations = require "records.conversations"
local crypto = require "host.crypto"
local dates = require "language.dates"
local db = require "host.db"
local guards = require "language.guards"
local heads = require "language.heads"
local intents = require "language.intents"
local json = require "host.json"
local keywords = require "language.keywords"
local languages = require "language.languages"
local log = require "host.log"
local loops = require "language.loops"
local mask = require "mask"
local messages = require "records.messages"
local metrics = require "host.metrics"
local model_decision = require "brain.decision"
local nudges = require "flow.nudges"
local photos = require "language.photos"
local placeholders = require "language.placeholders"
local promises = require "flow.promises"
local prompt = require "brain.prompt"
local quote = require "flow.quote"
local quotes = require "records.quotes"
local repair = require "brain.repair"
local replies = require "flow.replies"
local returning = require "flow.returning"
local scripted = require "flow.scripted"
local settings = require "host.settings"
local task = require "host.task"
local tell = require "staff.tell"
local time = require "host.time"
local turns = require "records.turns"
local understand = require "language.understand"
local voice_note = require "language.voice_note"
local wants = require "flow.wants"
local whatsapp = require "channels.whatsapp"
local window = require "records.window"
local wishes = require "language.wishes"
local words = require "language.text"

local M = {}

local HISTORY_ROWS = 100
local HOUR_MS = 3600000
local AREAS_ALONE = { money = false, links = false, phones = false, hazards = false, leaks = false, numbers = false }
local UNREAD_FOR_STAFF = 2 -- so many messages running that nobody understood reach staff

-- Sorts the unanswered messages: usable text, kinds that we cannot use, voice notes without words, deleted messages. texts.photos: how
-- many photos are among them, by their rows. A text that looks like one of our marks is none.
local function sort_waiting(waiting)
  local texts, unusable, unheard = { photos = 0 }, 0, 0
  for _, message in ipairs(waiting) do
    if message.kind == "unsupported" or message.kind == "undelivered" then
      unusable = unusable + 1
    elseif message.kind ~= "deleted" then
      local spoken = message.kind == "audio" and voice_note.words(message.content)
      local said = words.message(spoken or message.content) -- cut to what the recognisers read; the row keeps all of it
      if not spoken then message.said = said end -- the prompt needs the same
      texts[#texts + 1] = said:byte() == 91 and placeholders.shown(said, message.kind) or said
      if message.kind == "image" and message.refused ~= 1 then texts.photos = texts.photos + 1 end
      if message.kind == "audio" and not spoken then unheard = unheard + 1 end
    end
  end
  return texts, unusable, unheard
end

-- The unanswered messages as staff read them.
local function all_said(turn)
  local list = {}
  for _, message in ipairs(turn.waiting) do
    if message.kind ~= "deleted" then list[#list + 1] = message end
  end
  return heads.all(list)
end

local function words_for_staff(turn)
  return table.concat(all_said(turn), "\n")
end

-- The chat's case when it is open or taken, or nil.
local function live(case)
  return case and case.state ~= "closed" and case or nil
end

-- Has this chat reached its turns per hour? An automatic writer's 171 messages in a minute caused 171 model calls and 171 sends. limited:
-- the model is not asked. hushed: as many answers were given without the model too, and the assistant says nothing more.
local function limits(conversation, now)
  local limit = settings.get("TURNS_PER_HOUR")
  if limit == 0 or conversation.last_seq + conversation.edits < limit then return false, false end -- each turn answers a message or an edit
  local asked, others = turns.count(conversation.id, math.max(now - HOUR_MS, conversation.turns_from or 0))
  return asked >= limit, others >= limit
end

local function mark_of(said) return crypto.hex(crypto.sha256(said)):sub(1, 8) end

local LOOP_WORDS = { same = "has written the same words again and again, as an automatic answer does.",
  quick = "answers faster than anybody can type." }

-- A machine answers us: nothing is said any more. Staff are told once, when it begins.
local function decide_loop(turn)
  local why = turn.loop.fires and LOOP_WORDS[turn.loop.why] .. " The assistant is silent until something else is written. It wrote:"
  return { brain = "words", action = "loop", data = {}, keys = {}, asked = turn.conversation.asked,
    card = why and not turn.case and "loop" or nil, for_staff = why or nil }
end

-- Everything that a turn starts from; nil when there is nothing to do, or not yet. at_once: no voice note's words are waited for.
local function load(self, job, at_once)
  local conversation, newest, visit = conversations.for_turn(job.payload.conversation, time.now_ms())
  if not conversation or conversation.opted_out == 1 or conversation.status == "PAUSED" or conversation.blocked_at then return nil end
  local waiting, rows = messages.of_turn(conversation, HISTORY_ROWS)
  if #waiting == 0 then return nil end
  local texts, unusable, unheard = sort_waiting(waiting)
  local words_at = unheard > 0 and not at_once and whatsapp.words_due(conversation, time.now_ms())
  if words_at then return turns.enqueue(conversation.id, words_at) end
  local data, locked, stored = quotes.get(conversation.id)
  local begins = #texts > 0 and returning.begins(newest, visit, conversation.quote_from, time.now_ms())
    and not intents.thanks(self.owner.intents, texts)
  if begins then
    locked, conversation.asked, conversation.area_place, conversation.area_told = {}, nil, nil, nil
    conversation.quote_from = math.max(newest.closed_at, time.parse(waiting[1].created_at) or 0)
    rows = messages.since(rows, conversation.quote_from)
  end
  local kept
  data, kept = returning.set_aside(data, self.owner.system.quote_fields_needed, begins, conversation.confirm)
  local case = live(newest)
  local limited, hushed = limits(conversation, time.now_ms())
  local where = area.of_chat(data, self.owner.system.quote_fields_needed, conversation.area_place, texts, self.owner.places)
  local known = self.owner.spoken.used[conversation.language] and conversation.language
  return {
    language = known or languages.of(self.owner.spoken, nil, texts, messages.last_reply(conversation.id)),
    limited = limited or hushed, hushed = hushed,
    loop = loops.look(conversation.loop, waiting, time.parse(waiting[1].created_at) or time.now_ms(), mark_of),
    area = where.verdict == "out" and not where.corrected and "outside" or nil, place = where.place, -- by the lists as they are now
    judged = where,
    started_at = time.now_ms(), conversation = conversation, waiting = waiting, rows = rows, shown = waiting[#waiting].seq,
    texts = texts, unusable = unusable, unheard = unheard,
    data = data, locked = locked, stored = stored, case = case, begins = begins, kept = kept,
    fields = self.owner.system.quote_fields_needed,
    may_ask = conversation_flow.may_ask(case, data, self.owner.system.quote_fields_needed, visit),
    visit = visit and { state = visit.state, at = time.zoned(visit.start_at) },
  }
end

-- The model's proposal as a decision that can be carried out, or what is wrong with it.
local function check(self, turn, content)
  local decision, problem = model_decision.parse(content, turn.fields, json.decode, json.null)
  if not decision then return nil, problem end
  problem = model_decision.own_words(decision, turn.hidden)
  if problem then return nil, problem end
  if decision.action == "schedule" then
    decision.reply = guards.strip_links(decision.reply, self.owner.business.links)
    if not decision.reply:find("%S") then return nil, "reply_to_user held nothing but a link." end
  end
  local found = guards.check(decision.reply, self.guarded, turn.sources) or turn.out_there and guards.check(decision.reply, turn.out_there)
  if found then return nil, found.say end
  decision.reply = model_decision.put_number(decision.reply, turn.hidden.number)
  decision.brain = "model"
  return decision
end

-- Tells staff what the model's client reports, in the step in which it is found out.
local function tell_of_model(model, alerts)
  for _, alert in ipairs(alerts or {}) do tell.alert(alert.cause, alert.words) end
  local spent = model:untold()
  if spent then tell.alert(spent.cause, spent.words) end
end

-- Where the figures of the model's reply can come from.
local function sources_of(turn, asked, wrote_number)
  local function days() -- today and tomorrow
    local today = time.zoned(turn.started_at)
    local noon = time.from_zoned { year = today.year, month = today.month, day = today.day + 1, hour = 12, min = 0 }
    return today, time.zoned(noon)
  end
  return guards.sources { messages = asked, facts = turn.data, visit = turn.visit, days = days,
    phone = wrote_number and turn.conversation.phone_number, kept = turn.kept }
end

-- Photos answer what is to be taken away, and stay in front of what is written later.
local function add_photos(turn, data)
  local count = turn.texts.photos
  for _, field in ipairs(turn.fields) do
    if understand.kind_of(field) == "inventory" then data[field] = photos.joined(turn.data[field], data[field], count) end
  end
end

-- What the model is told of as known and missing: what photos answer already is not asked for.
local function with_photos(turn)
  if turn.texts.photos == 0 then return turn.data, turn.may_ask end
  local known, missing = {}, {}
  for field, value in pairs(turn.data) do known[field] = value end
  local added = {}
  add_photos(turn, added)
  for field, value in pairs(added) do known[field] = value end
  for _, field in ipairs(turn.may_ask) do
    if not added[field] then missing[#missing + 1] = field end
  end
  return known, missing
end

-- The messages that the model gets, and the customer's number as it stands there. The rows that they are made of are not kept while the
-- model is asked: those of a long chat take 30 KB.
local function question(self, turn)
  local conversation, rows = turn.conversation, turn.rows
  turn.rows = nil
  local known, missing = with_photos(turn)
  local asked, number = prompt.messages(self.owner.system_text, rows, known, missing, conversation.phone_number,
    prompt.beside(turn.started_at, turn.visit, turn.area, turn.kept, conversation.offered == 1))
  turn.hidden = { known = known, phone = conversation.phone_number, number = number }
  return asked, number
end

-- Asks the model. nil: it did not answer, or its answer was not usable.
local function ask_model(self, turn)
  if not self.model:usable() then
    turn.circuit_open = true
    tell_of_model(self.model)
    return nil
  end
  local conversation = turn.conversation
  local asked, number = question(self, turn)
  turn.sources = sources_of(turn, asked, number ~= nil)
  if turn.area and conversation.area_told and self.owner.business.guards.areas then -- until told, no reply of the model is sent
    turn.out_there = guards.prepare { business = { not_served = { (turn.place:gsub(" %(.*$", "")) }, guards = AREAS_ALONE } }
  end
  local deadline = time.monotonic_ms() + settings.get("LLM_DEADLINE_MS")
  local decision, record = repair.decide(self.model, asked, function(content) return check(self, turn, content) end, deadline,
    conversation.id)
  tell_of_model(self.model, record.alerts)
  turn.calls, turn.rejected, turn.why = record.calls, record.rejected, record.why
  return decision
end

-- The fixed questions: what they understand without a model, and the next question.
local function ask_script(self, turn)
  local answer = scripted.answer {
    fields = turn.fields, data = turn.data, texts = turn.texts, asked = turn.conversation.asked,
    languages = self.owner.languages, language = turn.language, edited = turn.waiting[#turn.waiting].kind == "edit",
    asked_times = turn.conversation.asked_times, unread_times = turn.conversation.unread_times,
    last_reply = not turn.begins and messages.last_reply(turn.conversation.id) or nil, kept = turn.kept,
    intent = turn.intent, thanked = turn.thanked, answer = turn.answer,
    human = conversation_flow.waits(turn.case), outside = turn.area == "outside",
    circuit_open = turn.circuit_open or not self.model:usable(), visit = turn.visit,
  }
  answer.brain = "scripted"
  return answer
end

-- A fixed text in the customer's language.
local function canned(self, turn, key)
  return replies.get(self.owner, key, turn.language)
end

-- Nothing but kinds of messages that we cannot use.
local function decide_unusable(turn, say)
  local undelivered = false
  for _, message in ipairs(turn.waiting) do undelivered = undelivered or message.kind == "undelivered" end
  if undelivered then
    local again = not turn.limited and messages.last_reply(turn.conversation.id) ~= say("write_again") or nil
    return { brain = "words", action = "continue", reply = again and say("write_again"), keys = { again and "write_again" }, data = {} }
  end
  local running = messages.unusable_running(turn.conversation.id)
  local said = messages.last_reply(turn.conversation.id) == say("unsupported")
  local new = 0
  for _, message in ipairs(turn.waiting) do new = new + (message.kind == "unsupported" and 1 or 0) end
  local due = turn.unusable > 0 and conversation_flow.unusable(running - new, running, said) or nil
  local key = due and not turn.limited and (due == "handoff" and running > new and "stuck" or "unsupported") or nil
  return { brain = "words", action = due == "handoff" and due or "continue", reply = key and say(key), keys = { key }, data = {} }
end

-- Something that answers no question: it decides what follows, whoever writes the reply.
local function decide_wish(self, turn, say)
  local ended, wish = turn.conversation.ended_at, turn.intent
  if ended and turn.thanked then
    return { brain = "words", action = "continue", data = {}, ends = true, asked = turn.conversation.asked } -- nothing more is said
  end
  if not wish then return nil end
  wish.text = words_for_staff(turn) -- staff read all that was said in one go
  if wants.stops_questions(wish.kind) then turn.may_ask = {} end
  local decision = wants.decide(wish, ask_model(self, turn) or ask_script(self, turn), say)
  if wish.kind == "bot" and decision.brain == "words" then decision.asked = turn.conversation.asked end
  return decision
end

-- The owner's fixed answer, when the texts ask for one. Without a model the open question follows.
local function decide_answer(self, turn)
  local found = keywords.find(self.owner.answers, turn.texts)
  if not found then return nil end
  local code = turn.language
  local said = keywords.text(found, code):gsub("{hours}", (dates.hours(self.owner.business.hours, code)))
  if self.model.none or not self.model:usable() then
    turn.answer = said
    return ask_script(self, turn)
  elseif said == messages.last_reply(turn.conversation.id) then
    return nil -- the model says it in other words
  end
  return { brain = "words", action = "continue", reply = said, keys = { "answer" }, data = {}, asked = turn.conversation.asked }
end

-- The words for a voice note that nobody understands, once a day. Who waits for a person is asked nothing.
local function ask_to_write(turn, say)
  if turn.unheard == 0 or conversation_flow.waits(turn.case) then return nil end
  local asks = say("voice_note")
  return not messages.said_since(turn.conversation.id, asks, turn.started_at - window.OPEN_MS) and asks or nil
end

-- Decides what to answer, and what follows from it.
local function decide(self, turn)
  local function say(key)
    return canned(self, turn, key)
  end
  if #turn.texts == 0 then return decide_unusable(turn, say) end
  for _, text in ipairs(turn.texts) do
    if wishes.for_a_person(self.owner.spoken, heads.caption(text)) then
      local key = not turn.hushed and not turn.loop.on and (turn.case and turn.case.reason == "asked" and "waiting" or "human") or nil
      return { brain = "words", action = "handoff", reply = key and say(key), keys = { key }, data = {}, human = true }
    end
  end
  if turn.limited then
    local told = turn.conversation.limited_at and turn.started_at - turn.conversation.limited_at < HOUR_MS
    local reply = not told and say("waiting") or nil
    return { brain = "words", action = "limited", reply = reply, keys = { "waiting" }, data = {}, limited = words_for_staff(turn) }
  end
  local to_write = ask_to_write(turn, say)
  if to_write and turn.unheard == #turn.texts then
    return { brain = "words", action = "continue", reply = to_write, keys = { "voice_note" }, data = {}, asked = turn.conversation.asked }
  end
  turn.voice_words = to_write
  if turn.loop.on then return decide_loop(turn) end
  local answered = decide_answer(self, turn)
  if answered then return answered end
  local taken_back
  turn.intent, taken_back = intents.find(self.owner.intents, turn.texts, { booked = turn.visit ~= nil,
    yes_no = scripted.wants_yes_no(turn.conversation.asked) })
  turn.thanked = not turn.intent and intents.thanks(self.owner.intents, turn.texts)
  local decision = decide_wish(self, turn, say) or ask_model(self, turn) or ask_script(self, turn)
  local asks = decision.reply and decision.reply:find("?", 1, true)
  decision.ends = decision.ends or turn.thanked and #turn.may_ask == 0 and not asks
  if taken_back and turn.case and not turn.intent then decision.for_staff = decision.for_staff or "takes back what was said last:" end
  return decision
end

-- Did this turn change the address? Where the pickup lies was judged before the model was asked.
local function address_changed(turn)
  for _, field in ipairs(turn.fields) do
    if turn.data[field] ~= turn.merged[field] and understand.kind_of(field) == "address" then return true end
  end
  return false
end

-- Do we come to where the pickup lies? When we do not, the customer reads so once, in place of this reply, and staff get the message.
-- From then on nobody out there is offered a visit, and the fixed questions ask nothing: they pass every message on.
local function judge_area(self, turn, decision)
  add_photos(turn, decision.data)
  turn.merged, turn.changed = quote.merge(turn.data, decision.data, turn.fields, turn.locked)
  turn.where = address_changed(turn)
    and area.of_chat(turn.merged, turn.fields, turn.conversation.area_place, turn.texts, self.owner.places) or turn.judged
  if turn.where.verdict ~= "out" or decision.brain == "words" or wants.stops_questions(turn.intent and turn.intent.kind) then return end
  if not turn.conversation.area_told then
    decision.reply, decision.asked, decision.question, decision.brain = canned(self, turn, "outside_area"), nil, nil, "words"
    decision.action = decision.action == "schedule" and "continue" or decision.action
    decision.keys = { "outside_area" }
    decision.outside, decision.for_staff = true,
      "is outside our area: " .. turn.where.place .. ". The customer was told so, and wrote:"
  elseif decision.action == "schedule" then
    decision.reply, decision.action, decision.asked = canned(self, turn, "waiting"), "handoff", nil
    decision.keys, decision.brain = { "waiting" }, "words"
  end
end

-- After an outage the customer has waited for long: one reply says sorry.
local function apology(self, turn)
  local minutes, oldest = self.owner.business.late.apology_after_minutes, turn.started_at
  for _, message in ipairs(turn.waiting) do oldest = math.min(oldest, message.said_at or oldest) end
  local late = turn.started_at - oldest - minutes * 60000
  if late < 0 or late < window.clock_off_ms() then return nil end
  local sorry = canned(self, turn, "late")
  return sorry ~= "" and not messages.said_since(turn.conversation.id, sorry, turn.started_at - window.OPEN_MS) and sorry or nil
end

-- The fixed texts that may be added to the reply, or follow it.
local function prepare_words(self, turn, decision)
  local business = self.owner.business
  turn.after_hours_words, turn.hours = function() return canned(self, turn, "after_hours") end, business.hours
  turn.late_words = apology(self, turn)
  local first = canned(self, turn, "first_contact")
  if first ~= "" and not messages.greeted(turn.conversation.id) then turn.first_words = first end
  if decision.action == "schedule" then turn.booking_words = canned(self, turn, "booking") end
  turn.nudges = #business.nudges.after_hours > 0
  if turn.nudges and decision.asked then turn.ask = canned(self, turn, "ask_" .. decision.asked) end
end

-- The booking link. It is made here, never by the model, and holds no number. A customer who has a visit picks another time for it,
-- because a second visit is not what they want.
local function link_for(conversation, visit)
  local token = conversation.token or conversations.set_token(conversation.id, crypto.hex(crypto.random(12)))
  return booking_link.fill { url = settings.get("BOOKING_URL"), name = conversation.name, token = token,
    calcom = settings.get("CALCOM_WEBHOOK_SECRET") ~= nil, moves = visit and visit.uid }
end

-- The owner's words that ask for photos, when they are due: the customer has named what is to be taken away, and sent no photo of it. Not
-- in a chat that waits for a person, has a visit, lies outside our area or wants nothing more.
local function photo_words(self, turn, decision, conversation, effects, visit)
  local ask = canned(self, turn, "ask_photos")
  if ask == "" or turn.texts.photos > 0 or (conversation.photos_asked or 0) > (turn.conversation.quote_from or 0) then return nil end
  for _, field in ipairs(turn.fields) do
    local due = understand.kind_of(field) == "inventory" and additions.photos_due { words = ask, card = effects.card,
      before = quote.known(turn.data[field]), known = turn.merged and quote.known(turn.merged[field]),
      no_questions = turn.intent or decision.ends or decision.human or effects.link or visit or conversation_flow.waits(turn.case)
        or turn.where and turn.where.verdict == "out" }
    if due then return ask end
  end
end

-- What follows beside the reply: a card when the chat is handed off, words to staff otherwise. What the reply promises is among it.
local function effects_of(turn, decision, merged, changed, cut, visit)
  local last = not turn.case and turn.newest_case or nil
  local unread = (decision.unread_times or 0) >= UNREAD_FOR_STAFF and decision.not_understood or nil
  local effects = conversation_flow.after {
    fields = turn.fields, before = turn.data, merged = merged, changed = changed, action = decision.action, card = decision.card,
    wants_human = decision.human, intent = decision.intent, question = decision.question, limited = decision.limited, case = turn.case,
    for_staff = decision.for_staff, said = decision.for_staff and words_for_staff(turn),
    unread = unread and messages.since_understood(turn.conversation, turn.shown, decision.unread_times), visit = visit,
    last_case = last and { known = cases.known(last) }, cut = cut,
  }
  if not decision.reply or not decision.keys then return effects end
  return promises.keep(decision.keys, effects, all_said(turn), turn.case ~= nil)
end

-- Stores the reply, made fit for WhatsApp, with the booking link when it is due. Returns what else follows.
local function say(self, turn, decision, conversation, merged, changed, visit, asked)
  local text = decision.reply
  local parts, cut
  if text then
    text = additions.first(additions.first(additions.first(text, turn.voice_words), turn.first_words), turn.late_words)
    parts, cut = guards.fit(text)
    cut = cut or decision.cut
  end
  local effects = effects_of(turn, decision, merged, changed, cut, visit)
  if not text then return effects end
  local now, added = time.now_ms(), { text }
  added[2] = photo_words(self, turn, decision, conversation, effects, visit)
  if added[2] then conversations.asked_for_photos(conversation.id, now) end
  local late = (effects.card or decision.action == "handoff") and turn.after_hours_words() or nil
  if additions.after_hours_due(late, turn.hours, conversation.after_hours_at, now, time) then
    added[#added + 1] = late
    conversations.told_after_hours(conversation.id, now)
    promises.keep({ "after_hours" }, effects, all_said(turn), turn.case ~= nil)
  end
  local link = effects.link and link_for(conversation, visit)
  if link then added[#added + 1] = turn.booking_words .. " " .. link end
  if #added > 1 then text, parts = table.concat(added, "\n\n"), nil end -- made fit again
  whatsapp.say(conversation, text, { kind = decision.brain == "model" and "model" or "scripted", seq = turn.shown, parts = parts,
    keys = decision.keys, told = true, -- the effects hold what the keys promise
    quotes = whatsapp.quoted(turn.waiting, conversation.last_seq > turn.shown),
    form = whatsapp.form(self.owner.business,
      { text = text, asked = asked, link = link, confirms = turn.kept and asked == turn.kept.field },
      function(key) return canned(self, turn, key) end) })
  return effects
end

-- Stores the answer, all rows or none, after it checks who has the chat now. Runs inside the transaction.
local function carry_out(self, turn, decision)
  local now = time.now_ms()
  local conversation, newest, visit = conversations.for_turn(turn.conversation.id, now)
  if not conversation then return "gone" end
  if conversation.edits ~= turn.conversation.edits then -- a message was edited or deleted meanwhile, so this answers other words
    turns.enqueue(conversation.id)
    turns.add({ conversation = conversation.id, started_at = turn.started_at, brain = decision.brain, action = "changed",
      calls = turn.calls }, now)
    return "changed"
  end
  if turn.unheard > 0 then whatsapp.unheard(conversation) end
  turn.case, turn.newest_case = live(newest), newest
  local merged, changed = turn.merged, turn.changed
  if not merged then merged, changed = quote.merge(turn.data, decision.data, turn.fields, turn.locked) end
  local data, confirm = returning.stored(merged, turn.kept, decision.refused)
  if #changed > 0 or not turn.stored or turn.begins or decision.refused then quotes.put(conversation.id, data, turn.begins) end
  if turn.begins or confirm ~= conversation.confirm then
    conversations.set_quote(conversation.id, turn.conversation.quote_from, confirm)
  end
  local action = decision.action
  local told = decision.outside and conversation.opted_out ~= 1 and conversation.status ~= "PAUSED" and now or nil
  local where = turn.where
  if where and (told or turn.begins or where.verdict ~= conversation.area or where.said ~= conversation.area_place) then
    conversations.set_area(conversation.id, where, told, turn.begins)
  end
  if conversation.opted_out == 1 or conversation.blocked_at then
    action = conversation.blocked_at and "blocked" or "opted_out"
  elseif conversation.status == "PAUSED" then
    action = "taken"
    if decision.reply then whatsapp.draft(conversation, decision.reply, turn.shown) end
  else
    local asked = decision.asked
    if decision.brain == "model" then
      asked = scripted.asked_by(decision.reply, conversation_flow.may_ask(turn.case, merged, turn.fields, visit))
    end
    local effects = say(self, turn, decision, conversation, merged, changed, visit, asked)
    if effects.card then tell.card(conversation, effects.card) end
    if effects.reason then cases.because(conversation.id, effects.reason) end
    if effects.follow_up or effects.theirs then tell.follow_up(conversation, effects.follow_up, effects.theirs, effects.lead) end
    local open = turn.nudges and nudges.open_question({ case = turn.case or effects.card, merged = merged, fields = turn.fields,
      visit = visit, action = action, outside = where and where.verdict == "out" }, decision.reply, turn.ask)
    if open then whatsapp.plan_nudge(conversation.id, turn.shown, open, now) end
    local newer_at = conversation.last_seq > turn.shown and messages.newer_at(conversation.id, turn.shown) or nil
    conversations.answered(conversation.id, turn.shown, newer_at, asked, now,
      scripted.times(asked, turn.conversation, decision.unread_times), loops.remember(turn.loop, decision.reply and now))
    if decision.ends or conversation.ended_at then conversations.set_ended(conversation.id, decision.ends and now or nil) end
    if action == "limited" and decision.reply then conversations.limit(conversation.id, now) end
  end
  local silent = action == "limited" and not decision.reply or action == "loop" and not turn.loop.fires
  if silent then return action end -- nothing was decided, so many messages do not make many rows
  turns.add({ conversation = conversation.id, started_at = turn.started_at, brain = decision.brain, action = action,
    calls = turn.calls, rejected = turn.rejected, why = turn.why }, now)
  metrics.add("assistant_turns_total", 1, { brain = decision.brain, action = action })
  local since = turn.conversation.waiting_since
  if decision.reply and since and action == decision.action then
    metrics.observe("assistant_turn_duration_seconds", math.max(0, now - since) / 1000)
  end
  return action
end

-- The customer wrote too long ago. The assistant does not answer, so staff must know why.
local function too_late(turn, why)
  local conversation, now = turn.conversation, time.now_ms()
  tell.word(conversation, why, words_for_staff(turn))
  conversations.answered(conversation.id, turn.shown, nil, conversation.asked, now)
  turns.add({ conversation = conversation.id, started_at = turn.started_at, brain = "words", action = "late" }, now)
  metrics.add("assistant_turns_total", 1, { brain = "words", action = "late" })
end

local CLOSED = "wrote this more than 24 hours ago. It arrived only now, so WhatsApp takes no answer:"

-- Why a turn comes too late for an answer, in words for staff; nil: it does not.
local function seems_late(self, turn, ahead_ms)
  local conversation, hours = turn.conversation, self.owner.business.late.staff_after_hours
  if not window.is_open(conversation, turn.started_at, ahead_ms) then return CLOSED end
  return turn.started_at - math.max(0, ahead_ms) - conversation.inbound_at >= hours * HOUR_MS
    and ("wrote this more than %g hours ago (late.staff_after_hours), so the assistant does not answer it. Please answer it:"):format(hours)
    or nil
end

local Turn = {}
Turn.__index = Turn

---@async
---@param job host.jobs.Job payload.conversation
function Turn:run(job)
  local turn = load(self, job)
  if not turn then return end
  local late = seems_late(self, turn, 0) and seems_late(self, turn, clock.ask())
  if late then return too_late(turn, late) end
  local decided = #turn.texts > 0 and not turn.loop.on and settings.get("TYPING_INDICATOR") == "on" and task.event "decided"
  if decided then task.spawn(whatsapp.keep_typing, self.typing, turn.conversation.id, turn.waiting[#turn.waiting].id, decided) end
  local decision = decide(self, turn)
  if decided then decided:set() end
  if turn.kept then returning.settle(turn.kept, decision.data, turn.texts) end
  judge_area(self, turn, decision)
  prepare_words(self, turn, decision)
  local action = db.transaction(carry_out, self, turn, decision)
  if log.on "info" then
    log.info("turn.done", { conversation = mask(turn.conversation.id), brain = decision.brain, action = action,
      messages = #turn.waiting, calls = turn.calls or 0, ms = time.now_ms() - turn.started_at })
  end
end

-- The scripts failed at this turn, and no other version could do it. The customer gets a fixed text, staff get the chat and
-- why.
function Turn:failed(job)
  local turn = load(self, job, true)
  if not turn then return end
  turn.why = job.error
  local decision = { brain = "words", action = "handoff", reply = canned(self, turn, "wait"), keys = { "wait" }, data = {},
    card = "failed" }
  prepare_words(self, turn, decision)
  db.transaction(carry_out, self, turn, decision)
end

-- The job's handlers for main.lua.
---@param context {owner: table, model: table, typing?: fun(wamid: string)} owner: the owner's files; model: brain.client; typing:
---  shows "read" and "typing…"
function M.new(context)
  local owner = context.owner
  local self = setmetatable({ owner = owner, model = context.model, typing = context.typing or whatsapp.typing,
    guarded = guards.prepare { system = owner.system, business = owner.business } }, Turn)
  return {
    run = function(job) return self:run(job) end,
    failed = function(job) return self:failed(job) end,
    probe = function()
      local outcome = self.model:probe()
      tell_of_model(self.model)
      return outcome
    end,
  }
end

return M
