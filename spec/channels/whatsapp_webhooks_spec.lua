-- Whole webhooks of every shape that Meta posts, and what becomes of each: statuses, other fields, several entries and changes, broken ones.

package.path = "scripts/?.lua;" .. package.path

if not pcall(require, "host.db") then
  describe("whole webhooks of WhatsApp", function() pending("needs the host's database: run with `assistant run`") end)
  return
end

local json = require "host.json"
local reader = require "spec.support.reader"

local P = reader.phone
local OTHER = "16475550199"

local hook, change = reader.hook, reader.change

local function with(fields, more)
  for name, value in pairs(more or {}) do fields[name] = value end
  return fields
end

local function text(body, fields) return with({ from = P, id = "wamid.t", timestamp = "1795369990", type = "text", text = { body = body } }, fields) end

local function status(state, fields)
  return with({ id = "wamid.ours", status = state, timestamp = "1795369990", recipient_id = P }, fields)
end

local function said(...) return hook(change("messages", { statuses = { ... } })) end

local function failed(code, title)
  return said(status("failed", { errors = { { code = code, title = title or "Title", message = "m", error_data = { details = "d" }, href = "https://x.example" } } }))
end

local function account(event, fields) return hook { field = "account_update", value = with({ event = event }, fields) } end

local function template(field, fields)
  return hook { field = field, value = with({ message_template_id = 5, message_template_name = "visit", message_template_language = "en" }, fields) }
end

local function news(field, fields) return hook { field = field, value = fields or { event = "E" } } end

local function call(fields) return with({ id = "wacid.c", from = P, to = "15550783881", event = "connect", timestamp = "1795369990", direction = "USER_INITIATED",
  session = { sdp_type = "offer", sdp = "v=0" } }, fields) end

local function calls(...) return hook(change("calls", { calls = { ... } })) end

local function echo(kind, fields) return with({ from = "15550783881", to = P, id = "wamid.e", timestamp = "1795369990", type = kind }, fields) end

local function echoes(...) return hook(change("smb_message_echoes", { message_echoes = { ... } })) end

local function preference(value, fields)
  return hook(change("user_preferences", { user_preferences = { with({ wa_id = P, detail = "d", category = "marketing_messages", value = value, timestamp = 1795369990 }, fields) } }))
end

-- The words in the business's phone, stored and told; the chat is staff's.
local function taken(words, first, who)
  return ("staff: %s / told: %sgot a message from the business's phone. The assistant is silent in this chat now. > %s"):format(words, who or "", first or words)
end

local ANOTHER = "noted: wrong_number / told: ⚠️ webhooks come for the number with the id 999"
local CALLED = "told: called on WhatsApp. Nobody answers calls here, so please call back."
local FAILED = "ours: failed / told: a message could not be delivered: "

local OLD = { id = "c1", origin = { type = "service" } }
local function paid(model, kind, category) return { billable = kind ~= "free_entry_point", pricing_model = model, category = category or "service", type = kind } end

-- Name, the webhook, what becomes of it, the state that our message has before (none without one).
local STATUSES = {
  { "sent, as older versions say it", said(status("sent", { conversation = with({ expiration_timestamp = "1795399990" }, OLD), pricing = paid "CBP" })), "ours: sent" },
  { "sent, priced per message", said(status("sent", { pricing = paid("PMP", "regular", "utility") })), "ours: sent" },
  { "sent, free because the customer wrote", said(status("sent", { pricing = paid("PMP", "free_customer_service") })), "ours: sent" },
  { "sent, free because of an ad", said(status("sent", { conversation = { id = "c", origin = { type = "referral_conversion" } }, pricing = paid("PMP", "free_entry_point",
    "referral_conversion") })), "ours: sent" },
  { "sent, bare", said(status "sent"), "ours: sent" },
  { "delivered", said(status("delivered", { conversation = OLD, pricing = paid "CBP" })), "ours: delivered" },
  { "delivered, without a conversation", said(status("delivered", { pricing = paid("PMP", "regular", "service") })), "ours: delivered" },
  { "delivered, told twice", said(status "delivered", status "delivered"), "ours: delivered" },
  { "sent after delivered", said(status "delivered", status "sent"), "ours: delivered" },
  { "read", said(status "read"), "ours: read" },
  { "read before sent and delivered", said(status "read", status "sent", status "delivered"), "ours: read" },
  { "delivered after read", said(status "delivered"), "nothing", "read" },
  { "a voice note that was played", said(status "played"), "ours: read" },
  { "read, with contacts beside it", hook(change("messages", { contacts = { { profile = { name = "Ann", username = "ann" }, wa_id = P, user_id = "CA.9",
    parent_user_id = "CA.ENT.9" } }, statuses = { status "read" } })), "ours: read" },
  { "with our mark", said(status("delivered", { biz_opaque_callback_data = "m1" })), "ours: delivered" },
  { "with our mark, before the answer to the send", said(status("sent", { id = "wamid.new", biz_opaque_callback_data = "m1" })), "ours: sent", "sending" },
  { "with a mark of somebody else", said(status("delivered", { biz_opaque_callback_data = "theirs" })), "ours: delivered" },
  { "with a mark that is no text", said(status("delivered", { biz_opaque_callback_data = json.null })), "ours: delivered" },
  { "of a person without a number", said(status("delivered", { recipient_id = "", recipient_user_id = "CA.9" })), "ours: delivered" },
  { "of a message that we do not know", said(status("delivered", { id = "wamid.unknown" })), "nothing" },
  { "of a group", said(status("read", { id = "wamid.g", recipient_id = "g1", recipient_type = "group", recipient_participant_id = P })), "nothing" },
  { "of a call", hook(change("calls", { statuses = { { id = "wacid.s", type = "call", status = "RINGING", timestamp = "1795369990", recipient_id = P } } })), "nothing" },
  { "of a payment", said { id = "wamid.p", type = "payment", status = "captured", payment = { reference_id = "r" }, recipient_id = P }, "nothing" },
  { "deleted, and a state of the future", said(status "deleted", status "hovering"), "nothing" },
  { "a warning", said(status "warning"), "nothing" },
  { "without an id", said { status = "sent", recipient_id = P }, "parked: a status without a usable id" },
  { "without a state", said { id = "wamid.ours", recipient_id = P }, "parked: a status without a usable state" },
  { "that is no object", said(5), "parked: a status that is not an object" },
  { "statuses that are no list", hook(change("messages", { statuses = { sent = 1 } })), "parked: statuses that are not a list" },
  { "failed after delivered", failed(131026), "nothing", "delivered" },
  { "failed after read", failed(131000), "nothing", "read" },
  { "failed, without an error", said(status "failed"), FAILED .. "WhatsApp refuses it: no reason given. Call the customer, or write to them another way." },
  { "failed, with an empty list of errors", said(status("failed", { errors = json.array {} })), FAILED .. "WhatsApp refuses it: no reason given. Call the customer, or write to them another way." },
  { "failed, with errors that are no list", said(status("failed", { errors = "x" })), FAILED .. "WhatsApp refuses it: no reason given. Call the customer, or write to them another way." },
  { "failed, the code as text", failed "131026", FAILED .. "this number cannot get the message on WhatsApp (code 131026). Call them, or write anot" },
  { "failed, a code that is none", failed "soon", FAILED .. "WhatsApp refuses it: Title. Call the customer, or write to them another way. The text " },
  { "failed, an unknown code", failed(999999, "A reason of its own."), FAILED .. "WhatsApp refuses it: A reason of its own (code 999999). Call the customer, or write to" },
  { "failed, temporary, the second time", failed(131016), "send", "queued" },
}

-- What a code of a failed status does to our message.
local CODES = {}
for _, code in ipairs { 1, 2, 4, 80007, 130429, 131000, 131016, 131056, 131057, 133016 } do CODES[code] = "again" end
for _, code in ipairs { 0, 3, 10, 190, 200, 299, 368, 131031, 131042, 131045, 133010 } do CODES[code] = "waits" end
for _, code in ipairs { 100, 130472, 131005, 131008, 131009, 131021, 131026, 131030, 131047, 131048, 131049, 131050, 131051, 131052, 131053, 131062, 131064, 132000, 132001,
  132005, 132007, 132012, 132015, 132016, 132068, 135000, 136025, 137000, 470 } do CODES[code] = "told" end

local FIELDS = {
  { "the account is deleted", account "ACCOUNT_DELETED" },
  { "the account is restricted", account("ACCOUNT_RESTRICTION", { restriction_info = { { restriction_type = "RESTRICTED_BIZ_INITIATED_MESSAGING", expiration = 1795399990 } } }) },
  { "a rule was broken", account("ACCOUNT_VIOLATION", { violation_info = { violation_type = "SPAM" } }) },
  { "an account for ads is linked", account("AD_ACCOUNT_LINKED", { waba_info = { waba_id = "1", ad_account_linked = "2" } }) },
  { "codes abroad have a price", account("AUTH_INTL_PRICE_ELIGIBILITY_UPDATE", { auth_international_rate_eligibility = { start_time = 1 } }) },
  { "the account is banned", account("DISABLED_UPDATE", { ban_info = { waba_ban_state = "DISABLE", waba_ban_date = "d" } }) },
  { "terms are signed", account("MM_LITE_TERMS_SIGNED", { waba_info = { waba_id = "1" } }) },
  { "a partner came", account("PARTNER_ADDED", { waba_info = { waba_id = "1", solution_partner_business_ids = { "3" } } }) },
  { "a partner's app came", account("PARTNER_APP_INSTALLED", { waba_info = { partner_app_id = "4" } }) },
  { "a partner's app went", account("PARTNER_APP_UNINSTALLED", { waba_info = { partner_app_id = "4" } }) },
  { "a partner verified us", account("PARTNER_CLIENT_CERTIFICATION_STATUS_UPDATE", { partner_client_certification_info = { status = "APPROVED" } }) },
  { "a partner went", account("PARTNER_REMOVED", { waba_info = { waba_id = "1" } }) },
  { "the phone's app was disconnected", account("PARTNER_REMOVED", { disconnection_info = { reason = "PRIMARY_INACTIVITY", initiated_by = "SYSTEM" } }) },
  { "the business's country", account("BUSINESS_PRIMARY_LOCATION_COUNTRY_UPDATE", { country = "CA" }) },
  { "a tier of prices", account("VOLUME_BASED_PRICING_TIER_UPDATE", { volume_tier_info = { tier = "0:1", region = "r" } }) },
  { "the account was moved away", account "ACCOUNT_OFFBOARDED" },
  { "the account is back", account "ACCOUNT_RECONNECTED" },
  { "a review of the account", news("account_review_update", { decision = "APPROVED" }) },
  { "an alert", news("account_alerts", { entity_type = "PHONE_NUMBER", alert_info = { alert_severity = "CRITICAL", alert_type = "OBA_REJECTED" } }) },
  { "what the business may do", news("business_capability_update", { max_daily_conversation_per_phone = 1000, max_phone_numbers_per_business = 2 }) },
  { "the business's status", news("business_status_update", { event = "COMPROMISED_NOTIFICATION" }) },
  { "the number's name", news("phone_number_name_update", { display_phone_number = "1", decision = "APPROVED", requested_verified_name = "n" }) },
  { "the number's quality", news("phone_number_quality_update", { display_phone_number = "1", event = "FLAGGED", current_limit = "TIER_1K" }) },
  { "the number's PIN", news("security", { display_phone_number = "1", event = "PIN_CHANGED", requester = "2" }) },
  { "a template is approved", template("message_template_status_update", { event = "APPROVED", reason = "NONE" }) },
  { "a template is refused", template("message_template_status_update", { event = "REJECTED", reason = "INVALID_FORMAT", rejection_info = { reason = "r" } }) },
  { "a template is paused", template("message_template_status_update", { event = "PAUSED", other_info = { title = "FIRST_PAUSE" } }) },
  { "a template is switched off", template("message_template_status_update", { event = "DISABLED", disable_info = { disable_date = "d" } }) },
  { "a template's words", template("message_template_components_update", { message_template_element = "Hi {{1}}" }) },
  { "a template's quality", template("message_template_quality_update", { previous_quality_score = "GREEN", new_quality_score = "RED" }) },
  { "a template's category", template("template_category_update", { previous_category = "UTILITY", new_category = "MARKETING" }) },
  { "a category to come", template("template_correct_category_detection", { correct_category = "MARKETING" }) },
  { "a Flow's state", news("flows", { event = "FLOW_STATUS_CHANGE", flow_id = "1", old_status = "DRAFT", new_status = "PUBLISHED" }) },
  { "a Flow is slow", news("flows", { event = "ENDPOINT_LATENCY", flow_id = "1", p90_latency = 5, alert_state = "ACTIVATED" }) },
  { "old chats of the phone", news("history", { metadata = { phone_number_id = reader.number_id }, history = { { metadata = { phase = 0, chunk_order = 1, progress = 5 },
    threads = { { id = P, messages = { text "years ago" } } } } } }) },
  { "the phone's contacts", news("smb_app_state_sync", { metadata = { phone_number_id = reader.number_id }, state_sync = { { type = "contact", action = "add",
    contact = { full_name = "Ann", phone_number = P } } } }) },
  { "a handover", news("messaging_handovers", { sender = { phone_number = "1" }, recipient = { phone_number = "2" }, control_passed = { metadata = "m" } }) },
  { "a message while another app has the chat", news("standby", { metadata = { phone_number_id = reader.number_id }, messages = { text "hi" } }) },
  { "a group", news("group_lifecycle_update", { groups = { { group_id = "g", type = "group_create" } } }) },
  { "a group's people", news("group_participants_update", { groups = { { group_id = "g", type = "group_participants_add" } } }) },
  { "a group's settings", news("group_settings_update", { groups = { { group_id = "g", type = "group_settings_update" } } }) },
  { "a group's state", news("group_status_update", { groups = { { group_id = "g", type = "group_suspend" } } }) },
  { "an account for payments", news("payment_configuration_update", { configuration_name = "n", status = "Active" }) },
  { "a partner's solution", news("partner_solutions", { event = "SOLUTION_CREATED", solution_id = "1" }) },
  { "a click on a link", news("tracking_events", { events = { { event_name = "clicked" } } }) },
  { "an event that Meta saw", news("automatic_events", { automatic_events = { { id = "1", event_name = "LeadSubmitted" } } }) },
  { "a field of the future", news("holograms", {}) },
  { "a field that is no name", hook { field = 5, value = {} } },
}

local CALLS = {
  { "a call", calls(call()), CALLED },
  { "a call that ends", calls(call { event = "terminate", status = "COMPLETED", duration = 5 }), "nothing" },
  { "a call of ours", calls(call { direction = "BUSINESS_INITIATED" }), "nothing" },
  { "a call, its end, and the call again", calls(call(), call { event = "terminate" }, call()), CALLED .. " / noted: duplicate" },
  { "two calls", calls(call(), call { id = "wacid.d" }), CALLED .. " / " .. CALLED },
  { "a call of a person without a number", calls(call { from = "", from_user_id = "CA.9" }), "told: CA.9: called on WhatsApp. Nobody answers calls here, so please call back." },
  { "a call with an error beside it", hook(change("calls", { calls = { call { event = "terminate" } }, errors = { { code = 138000, title = "t" } } })), "noted: platform_error 138000" },
  { "a call of nobody", calls(call { from = json.null }), "parked: a call without a usable caller" },
  { "a call that is no object", calls(5), "parked: a call without a usable caller" },
  { "marketing is stopped", preference "stop", "noted: preference stop" },
  { "marketing goes on", preference "resume", "noted: preference resume" },
  { "a sign-up", preference("signup", { signup_id = "1" }), "noted: preference signup" },
  { "a choice that is no object", hook(change("user_preferences", { user_preferences = { 5 } })), "noted: preference ?" },
}

local ECHOES = {
  { "words", echoes(echo("text", { text = { body = "On our way" } })), taken("On our way") },
  { "words, twice", echoes(echo("text", { text = { body = "On our way" } }), echo("text", { text = { body = "On our way" } })), taken("On our way", "On our way") .. " / noted: duplicate" },
  { "a photo", echoes(echo("image", { image = { id = "1", mime_type = "image/jpeg", caption = "the truck" } })), taken("[photo: the truck]") },
  { "a file", echoes(echo("document", { document = { id = "1", filename = "q.pdf" } })), taken("[document: q.pdf]") },
  { "a pin", echoes(echo("location", { location = { latitude = 43.7, longitude = -79.4 } })), taken("[location: 43.70000, -79.40000]") },
  { "a card", echoes(echo("contacts", { contacts = { { name = { formatted_name = "Ann" } } } })), taken("[contact card: Ann]") },
  { "a kind of the future", echoes(echo "hologram"), taken("[message]") },
  { "words to a person without a number", echoes(echo("text", { to = "", to_user_id = "CA.9", text = { body = "Hi" } })), taken("Hi", "Hi", "CA.9: ") },
  { "a reaction", echoes(echo("reaction", { reaction = { emoji = "👍" } })), "nothing" },
  { "an edit of ours", echoes(echo("edit", { edit = { original_message_id = "wamid.ours", message = { type = "text", text = { body = "No stairs?" } } } })),
    "ours: accepted No stairs? / told: a message was edited in the business's phone. It says now: > No stairs?" },
  { "a deletion of ours", echoes(echo("revoke", { revoke = { original_message_id = "wamid.ours" } })),
    "ours: accepted [deleted] / told: a message was deleted in the business's phone. It said: > Any stairs?" },
  { "words and their edit", echoes(echo("text", { text = { body = "at 5" } }), echo("edit", { id = "wamid.f", edit = { original_message_id = "wamid.e",
    message = { type = "text", text = { body = "at 6" } } } })), taken("at 6", "at 5") .. " / told: a message was edited in the business's phone. It says now: > at 6" },
  { "an edit before its words", echoes(echo("edit", { id = "wamid.f", edit = { original_message_id = "wamid.e", message = { type = "text", text = { body = "at 6" } } } }),
    echo("text", { text = { body = "at 5" } })), taken("at 6") },
  { "a deletion before its words", echoes(echo("revoke", { id = "wamid.f", revoke = { original_message_id = "wamid.e" } }), echo("text", { text = { body = "at 5" } })), taken("[deleted]") },
  { "an edit of nothing", echoes(echo("edit", { edit = {} })), "nothing" },
  { "words to nobody", echoes(echo("text", { to = json.null, text = { body = "Hi" } })), "parked: a message of the business's phone without a usable id or customer" },
  { "an echo that is no object", echoes(5), "parked: a message of the business's phone without a usable id or customer" },
  { "under its other name", hook(change("message_echoes", { message_echoes = { echo("text", { text = { body = "Hi" } }) } })), taken("Hi") },
}

local function whole(entry, object) return { object = object or "whatsapp_business_account", entry = entry } end
local TWO = { reader.messages(text("a", { id = "wamid.1" })), reader.messages(text("b", { id = "wamid.2", from = OTHER })) }

local WHOLE = {
  { "two changes in an entry", hook(TWO[1], TWO[2]), "text: a / text: b / turn / turn" },
  { "two entries", whole { { id = "1", changes = { TWO[1] } }, { id = "2", time = 5, changes = { TWO[2] } } }, "text: a / text: b / turn / turn" },
  { "messages of two people in a change", hook(reader.messages(text("a", { id = "wamid.1" }), text("b", { id = "wamid.2", from = OTHER }))), "text: a / text: b / turn / turn" },
  { "the same message twice", hook(reader.messages(text "a", text "a")), "text: a / turn / noted: duplicate" },
  { "messages beside statuses", hook(change("messages", { messages = { text "a" }, statuses = { status "delivered" } })), "text: a / turn" },
  { "a message and news of the account", hook(TWO[1], { field = "account_update", value = { event = "ACCOUNT_DELETED" } }), "text: a / turn / noted: other_field account_update" },
  { "a message between broken ones", hook(reader.messages(5, text "a", { type = "text" })), "text: a / parked: a message that is not an object / turn / parked: a message without a usable id" },
  { "an error beside a message without its object", hook(change("messages", { messages = { text(nil, { type = "interactive", text = json.null }) },
    errors = { { code = 131000, title = "Something went wrong", error_data = { details = "d" } } } })), "unsupported: [unsupported message] / turn / noted: platform_error 131000" },
  { "an error alone", hook(change("messages", { errors = { { code = 130429, title = "Rate limit hit" } } })), "noted: platform_error 130429" },
  { "errors that are no list", hook(change("messages", { errors = { code = "x" } })), "nothing" },
  { "a message of our own number", hook(reader.messages(text("a", { from = "15550783881" }))), "noted: own_message" },
  { "a message of a group", hook(reader.messages(text("a", { group_id = "g1" }))), "nothing" },
  { "for another of the app's numbers", hook(change("messages", { metadata = { display_phone_number = "1", phone_number_id = "999" }, messages = { text "a" } })), ANOTHER },
  { "statuses for another number", hook(change("messages", { metadata = { phone_number_id = "999" }, statuses = { status "read" } })), ANOTHER },
  { "a call for another number", hook(change("calls", { metadata = { phone_number_id = "999" }, calls = { call() } })), ANOTHER },
  { "a number's id that is a number", hook(change("messages", { metadata = { phone_number_id = 106540352242922 }, messages = { text "a" } })), "text: a / turn" },
  { "without metadata, as the blueprint has it", hook { field = "messages", value = { messages = { text "a" } } }, "text: a / turn" },
  { "the blueprint's simplified payload", { entry = { { changes = { { value = { messages = { { from = P, id = "wamid.b", text = { body = "a" } } } } } } } } }, "text: a / turn" },
  { "null in place of lists", hook(change("messages", { messages = json.null, statuses = json.null, contacts = json.null, errors = json.null })), "nothing" },
  { "messages that are no list", hook(change("messages", { messages = { from = P } })), "parked: messages that are not a list" },
  { "contacts that are no list", hook(change("messages", { contacts = "x", messages = { text "a" } })), "text: a / turn" },
  { "a change without a value", hook { field = "messages" }, "parked: a change without a value" },
  { "a change without a field", hook { value = { messages = { text "a" } } }, "text: a / turn" },
  { "a change that is no object", hook(5), "parked: a change that is not an object" },
  { "an entry without changes", whole { { id = "1" } }, "parked: an entry without changes" },
  { "an entry that is no object", whole { 5 }, "parked: an entry without changes" },
  { "no entries", whole(json.array {}), "nothing" },
  { "entries that are no list", whole { a = 1 }, "parked: not a webhook of WhatsApp: it has no list of entries" },
  { "without entries", { object = "whatsapp_business_account" }, "parked: not a webhook of WhatsApp: it has no list of entries" },
  { "another product of Meta's", whole({ { id = "1", messaging = { { sender = { id = "2" }, message = { text = "a" } } } } }, "page"), "noted: other_object" },
  { "another product, with our shape", whole({ { id = "1", changes = { TWO[1] } } }, "instagram"), "noted: other_object" },
  { "a list", json.array { 1 }, "parked: not a webhook of WhatsApp: it has no list of entries" },
  { "a text", '"hello"', "parked: not a webhook of WhatsApp: it has no list of entries" },
  { "null", "null", "parked: not a webhook of WhatsApp: it has no list of entries" },
  { "nothing", "", "parked: not JSON: line 1, byte 1: the text ends too early" },
  { "half a body", '{"object":"whatsapp_business_account","entry":[{"id":"1","changes":[{', "parked: not JSON: line 1, byte 70: the text ends too early" },
  { "two bodies", '{"entry":[]}{"entry":[]}', "parked: not JSON: line 1, byte 13: something follows the value" },
  { "a form", "object=whatsapp_business_account&entry=1", "parked: not JSON: line 1, byte 1: expected a value" },
  { "a compressed body", "\31\139\8\0\0", "parked: compressed (gzip), which is not read here" },
}

describe("whole webhooks of WhatsApp", function()
  setup(reader.open)
  teardown(reader.close)
  before_each(reader.clear)

  for group, list in pairs { ["B13: a status: "] = STATUSES, ["B9: beside messages: "] = CALLS, ["the business's phone wrote: "] = ECHOES, ["B5 B6 B7 B8 B9 B10: "] = WHOLE } do
    for _, shape in ipairs(list) do
      it(group .. shape[1], function()
        if list == STATUSES or list == ECHOES then reader.ours(shape[4]) end
        local fate = reader.read(shape[2])
        assert.equal(shape[3], shape[3]:find("told: ", 1, true) and fate:sub(1, #shape[3]) or fate, fate)
      end)
    end
  end

  it("B9: news of the account, its numbers, templates, groups and Flows are 200 and a line in the log: nothing is stored, told or parked", function()
    for _, shape in ipairs(FIELDS) do
      local field = shape[2].entry[1].changes[1].field
      assert.equal("noted: other_field " .. (type(field) == "string" and field or "?"), reader.read(shape[2]), shape[1])
    end
  end)

  it("E1 E2 E3 E4: of every code of a failed status, the message goes again, waits until we are let in, or is told to staff with what to do", function()
    for code, fate in pairs(CODES) do
      for _, written in ipairs { code, tostring(code) } do
        reader.clear()
        reader.ours "sent"
        local became = reader.read(failed(written))
        assert.equal(fate == "told" and "ours: failed" or "ours: queued", became:match "^[^/]+%f[ /]" or became, code)
        assert.equal(fate == "told", became:find("could not be delivered", 1, true) ~= nil, became)
        assert.equal(fate ~= "told", became:find(" / send", 1, true) ~= nil, became)
        if fate == "told" then assert.truthy(became:find("(code " .. code .. ")", 1, true) or code == 0, became) end
      end
    end
  end)

  it("B13: a thousand statuses in one body cost one move each", function()
    reader.ours "accepted"
    local many = {}
    for i = 1, 1000 do many[i] = status(({ "sent", "delivered", "read" })[i % 3 + 1], { id = i % 2 == 0 and "wamid.ours" or "wamid." .. i }) end
    assert.equal("ours: read", reader.read(said(table.unpack(many))))
  end)

  it("counts at least 128 shapes", function()
    local codes = 0
    for _ in pairs(CODES) do codes = codes + 1 end
    assert.is_true(#STATUSES + #FIELDS + #CALLS + #ECHOES + #WHOLE + codes >= 128)
  end)
end)
