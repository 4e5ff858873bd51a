-- Which message a reply quotes, and which buttons it gets, when the owner wants some: yes and no below a question that wants them, the
-- location for the address, a button for the booking link. The customer can always write instead. Pure.

local phrases = require "language.phrases"
local plain = require "language.text"
local scripted = require "flow.scripted"
local yes_no = require "language.yes_no"

local M = {}

local QUESTION_BYTES = 200
-- The first words of questions that yes or no answers, in the shipped languages.
local BEGINS = plain.set [[is are do does did will would can could has have any y est peut avez pouvez hay es se puede ha tem pode ਕੀ]]
local CHOICE = { " or ", " ou ", " o ", " ਜਾਂ " }

-- What the ids of our buttons mean, whatever their titles say.
local MEANS = { answer_yes = "yes", answer_no = "no", answer_not_sure = "not sure" }

---What a button says: its title, and what its id means where no list of words holds the title.
---@param id? string of the button
---@param title string
---@param languages table the owner's languages
---@return string
function M.chosen(id, title, languages)
  local means = MEANS[id]
  if not means then return title end
  if title == id then return means end -- it came without a title
  local ready = yes_no.of(languages)
  local last, value = phrases.at(means == "not sure" and ready.unsure or ready.said, plain.list(title), 1)
  return last and (value == means or means == "not sure") and title or title .. " (" .. means .. ")"
end

-- Does the text end with a question that yes or no answers?
local function wants_yes_no(text)
  local question = plain.clip(text, -QUESTION_BYTES):reverse():match("^[^?]-%?([^.!?\n]*)")
  if not question then return false end
  question = plain.trim(plain.fold(question:reverse())):gsub("^[^%w\128-\255]+", "")
  for _, word in ipairs(CHOICE) do
    if question:find(word, 1, true) then return false end
  end
  return BEGINS[question:match("^[^%s'-]+") or ""] == true
end

---The message that a reply quotes: the newest one that it answers, where several were sent.
---@param waiting {id: string, kind: string}[] what it answers
---@param newer boolean more came meanwhile
---@return string? wamid
function M.quoted(waiting, newer)
  local newest = waiting[#waiting]
  return (#waiting > 1 or newer) and newest.kind ~= "deleted" and newest.kind ~= "edit" and newest.id or nil
end

---@param business {buttons: boolean, ask_location: boolean}
---@param reply {text: string, asked?: string, confirms?: boolean, link?: string} text: of the whole message; asked: the field that it asks
---  for; confirms: it asks whether a known value still holds; link: the booking link at the end of the text
---@param title fun(key: string): string a button's words
---@return whatsapp.Form?
function M.form(business, reply, title)
  if not business.buttons and not business.ask_location then return nil end
  if reply.link then
    local text = business.buttons and plain.trim_end(reply.text:sub(1, -#reply.link - 1), "[%s:]")
    return text and { type = "link", title = title "button_booking", url = reply.link, text = text .. "." } or nil
  end
  local field = reply.asked
  if not field then return nil end
  local closed = reply.confirms or scripted.wants_yes_no(field) and wants_yes_no(reply.text)
  if closed and business.buttons then
    local buttons = { { id = "answer_yes", title = title "button_yes" }, { id = "answer_no", title = title "button_no" } }
    if not reply.confirms then buttons[3] = { id = "answer_not_sure", title = title "button_not_sure" } end
    return { type = "buttons", buttons = buttons }
  end
  return field == "address" and not reply.confirms and business.ask_location and { type = "location" } or nil
end

return M
