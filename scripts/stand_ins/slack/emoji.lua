-- The names of the emoji that the stand-in knows. Slack refuses a name that is none (invalid_name). Pure.

local M = {}

M.known = {
  ["+1"] = "👍", ["-1"] = "👎", thumbsup = "👍", thumbsdown = "👎", white_check_mark = "✅", heavy_check_mark = "✔️",
  ballot_box_with_check = "☑️", x = "❌",
  negative_squared_cross_mark = "❎", warning = "⚠️", hourglass = "⌛", hourglass_flowing_sand = "⏳", eyes = "👀",
  incoming_envelope = "📨", envelope = "✉️", outbox_tray = "📤", inbox_tray = "📥", mailbox = "📫", no_entry = "⛔", no_entry_sign = "🚫",
  arrows_counterclockwise = "🔄", repeat_ = "🔁", clock1 = "🕐", stopwatch = "⏱️", alarm_clock = "⏰", bell = "🔔", no_bell = "🔕", lock = "🔒",
  memo = "📝", pencil = "📝", pencil2 = "✏️", speech_balloon = "💬", robot_face = "🤖", raising_hand = "🙋", wave = "👋", ok_hand = "👌", ok = "🆗",
  ok_woman = "🙆", pray = "🙏", heart = "❤️", tada = "🎉", rocket = "🚀", fire = "🔥", question = "❓", grey_question = "❔",
  exclamation = "❗", heavy_exclamation_mark = "❗", red_circle = "🔴", large_blue_circle = "🔵", white_circle = "⚪", black_circle = "⚫",
  large_green_circle = "🟢", large_yellow_circle = "🟡", large_orange_circle = "🟠", camera = "📷", paperclip = "📎", moneybag = "💰",
  dollar = "💵", date = "📅", calendar = "📆", truck = "🚚", iphone = "📱", telephone_receiver = "📞", shushing_face = "🤫", smile = "😄",
  slightly_smiling_face = "🙂", joy = "😂", cry = "😢", thinking_face = "🤔", clap = "👏", muscle = "💪", star = "⭐", bulb = "💡",
  double_vertical_bar = "⏸️", black_square_for_stop = "⏹️", leftwards_arrow_with_hook = "↩️", arrow_right = "➡️", arrow_up = "⬆️",
  ["100"] = "💯", zzz = "💤", mute = "🔇", loudspeaker = "📢", mega = "📣", link = "🔗", wastebasket = "🗑️", package = "📦",
}
M.known["repeat"], M.known.repeat_ = M.known.repeat_, nil

---The sign of a name, also with a skin tone ("wave::skin-tone-3"), or nil.
function M.sign(name)
  if type(name) ~= "string" then return nil end
  return M.known[name:match("^(.-)::skin%-tone%-[2-6]$") or name]
end

return M
