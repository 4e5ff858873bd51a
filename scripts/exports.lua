-- Lists the functions that modules of owners must have. A mistyped or removed function is reported with its file when the scripts are
-- loaded, not by the first customer's turn that needs it.

local M = {}

local required = {
  ["person.erase"] = { "command", "rows", "words" },
  ["person.export"] = { "command" },
  ["flow.additions"] = { "after_hours_due", "first", "photos_due" },
  ["flow.booking"] = { "day_before", "fill", "judge", "state_of" },
  ["flow.conversation"] = { "after", "due", "may_ask", "paused_reply_due", "unusable", "waits" },
  ["brain.decision"] = { "own_words", "parse", "put_number" },
  ["language.dates"] = { "hours", "when" },
  ["language.guards"] = { "check", "fit", "prepare", "sources", "strip_links" },
  ["language.languages"] = { "clear", "of", "prepare" },
  ["language.intents"] = { "contradicts", "find", "ready", "thanks" },
  ["language.loops"] = { "look", "remember" },
  ["language.keywords"] = { "find", "ready", "text" },
  ["language.opt_out"] = { "word" },
  ["language.wishes"] = { "for_a_person" },
  ["flow.nudges"] = { "due", "fill", "next", "open_question" },
  ["flow.promises"] = { "check", "keep" },
  ["flow.quote"] = { "complete", "facts", "known", "label", "merge", "missing" },
  ["flow.replies"] = { "get", "say" },
  ["flow.returning"] = { "begins", "confirm", "mark", "set_aside", "settle", "stored" },
  ["flow.scripted"] = { "answer", "wants_yes_no" },
  ["flow.wants"] = { "decide", "stops_questions" },
  ["ops.blocks"] = { "block", "command", "unblock", "unblock_command", "wrote" },
  ["person.restore"] = { "prepare" },
  ["person.retention"] = { "job" },
  ["channels.calcom"] = { "on", "read", "receive", "remind" },
  ["channels.slack"] = { "commands", "events", "interactive", "post", "start" },
  ["staff.pauses"] = { "over", "resume", "take" },
  ["staff.reminders"] = { "sweep" },
  ["staff.tell"] = { "alert", "card", "draft", "follow_up", "message_from_customer", "note", "word" },
  ["channels.whatsapp"] = { "block", "blocked", "draft", "hush", "nudge", "plan_nudge", "read",
    "recall", "receive", "say", "send", "start", "template", "typing", "verify" },
}

---Throws one line for each function that is missing.
function M.check()
  local problems = {}
  for module, names in pairs(required) do
    local loaded = require(module)
    for _, name in ipairs(names) do
      if type(loaded[name]) ~= "function" then
        local file = module:gsub("%.", "/")
        problems[#problems + 1] = ("scripts/%s.lua: must have a function `%s`. Was it renamed or removed?"):format(file, name)
      end
    end
  end
  table.sort(problems)
  if #problems > 0 then error(table.concat(problems, "\n"), 0) end
end

return M
