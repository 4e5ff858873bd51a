-- What we send besides plain text: buttons, a list, a link button, a request for the location, a template, a file. Checks a form against
-- WhatsApp's limits before it is stored, and writes it as the Graph API wants it. Pure.

local M = {}

local BODY, HEADER, TITLE = 1024, 60, 20
local MB = 1024 * 1024

---@class whatsapp.Form
---@field type "buttons"|"list"|"link"|"location"|"media"|"template"
---@field text? string what stands in the message, when it is not the stored text (a link button needs no address in words)
---@field header? string of buttons, a list or a link
---@field footer? string of buttons, a list or a link
---@field buttons? {id: string, title: string}[] one to three
---@field button? string list: what opens it
---@field sections? {title?: string, rows: {id: string, title: string, description?: string}[]}[] list: ten rows in all
---@field title? string link: the button's words
---@field url? string link
---@field kind? "image"|"video"|"audio"|"document"|"sticker" media
---@field hash? string media: of a kept file (host.media); it is uploaded once
---@field id? string media: the platform's id
---@field mime? string media
---@field bytes? integer media: how large the file is
---@field name? string media: a document's; template: the approved name
---@field caption? string media
---@field language? string template
---@field parameters? string[] template: the values of its body
---@field replies? string[] template: the ids of its quick replies, which come back when one is pressed

local function length(text) return utf8.len(text) or #text end

-- Why a text does not do; nil: it does.
local function unfit(name, text, most)
  if type(text) ~= "string" or not text:find("%S") then return name .. " is blank" end
  if length(text) > most then return ("%s is longer than %d characters"):format(name, most) end
end

local function optional(name, text, most)
  return text ~= nil and unfit(name, text, most) or nil
end

local function id_unfit(name, id, most)
  if type(id) ~= "string" or id == "" or #id > most or id:find("^%s") or id:find("%s$") then
    return ("%s needs an id of 1 to %d characters without blanks around it"):format(name, most)
  end
end

local CHECK = {}

function CHECK.buttons(form)
  local list, seen = form.buttons, {}
  if type(list) ~= "table" or #list < 1 or #list > 3 then return "a message has one to three buttons" end
  for _, button in ipairs(list) do
    local why = unfit("a button's title", button.title, TITLE) or id_unfit("a button", button.id, 256)
    if why then return why end
    if seen[button.title] or seen["\0" .. button.id] then return "two buttons are the same" end
    seen[button.title], seen["\0" .. button.id] = true, true
  end
end

function CHECK.list(form)
  local why, rows, seen = unfit("a list's button", form.button, TITLE), 0, {}
  if why then return why end
  if type(form.sections) ~= "table" or #form.sections < 1 then return "a list needs a section" end
  for _, section in ipairs(form.sections) do
    why = (#form.sections > 1 and unfit or optional)("a section's title", section.title, 24)
    if why then return why end
    if type(section.rows) ~= "table" or #section.rows < 1 then return "a section needs a row" end
    for _, row in ipairs(section.rows) do
      why = unfit("a row's title", row.title, 24) or id_unfit("a row", row.id, 200) or optional("a row's description", row.description, 72)
      if why then return why end
      if seen[row.id] then return "two rows have the same id" end
      seen[row.id], rows = true, rows + 1
    end
  end
  if rows > 10 then return "a list has at most 10 rows" end
end

function CHECK.link(form)
  if type(form.url) ~= "string" or not form.url:find("^https?://%S+$") or #form.url > 2000 then return "a link button needs an address" end
  return unfit("a link button's title", form.title, TITLE)
end

function CHECK.location() return nil end

local MOST_BYTES = { image = 5 * MB, video = 16 * MB, audio = 16 * MB, document = 100 * MB, sticker = MB // 2 }
local MIMES = {
  image = { "image/jpeg", "image/png" }, video = { "video/mp4", "video/3gpp" }, sticker = { "image/webp" },
  audio = { "audio/aac", "audio/mp4", "audio/mpeg", "audio/amr", "audio/ogg" },
}

local function takes(kind, mime)
  if not MIMES[kind] then return true end
  for _, known in ipairs(MIMES[kind]) do
    if mime == known or mime:sub(1, #known + 1) == known .. ";" then return true end
  end
  return false
end

function CHECK.media(form)
  local most = MOST_BYTES[form.kind]
  if not most then return "WhatsApp knows no files of the kind " .. tostring(form.kind) end
  if not form.id and (type(form.hash) ~= "string" or type(form.mime) ~= "string") then return "a file needs an id, or a hash and a type" end
  if form.mime and not takes(form.kind, form.mime) then
    return ("WhatsApp takes no %s of the type %s; send it as a document"):format(form.kind, form.mime)
  end
  if (form.bytes or 1) < 1 then return "the file is empty" end
  if (form.bytes or 1) > most then return ("the file is larger than %d KB, WhatsApp's limit for this kind"):format(most // 1024) end
  if form.caption and (form.kind == "audio" or form.kind == "sticker") then return "WhatsApp shows no words with this kind of file" end
  return optional("the file's caption", form.caption, BODY)
end

function CHECK.template(form)
  if type(form.name) ~= "string" or not form.name:find("^[%l%d_]+$") or #form.name > 512 then return "a template needs its name" end
  if type(form.language) ~= "string" or form.language == "" then return "a template needs its language" end
  for _, value in ipairs(form.parameters or {}) do
    local why = unfit("a template's value", value, BODY)
    if why then return why end
    if value:find("[\n\t]") or value:find("     ", 1, true) then return "a template's value holds a line break, a tab or many blanks" end
  end
  if #(form.replies or {}) > 10 then return "a template has at most 10 quick replies" end
  for _, id in ipairs(form.replies or {}) do
    local why = id_unfit("a quick reply", id, 128)
    if why then return why end
  end
end

local INTERACTIVE = { buttons = "button", list = "list", link = "cta_url", location = "location_request_message" }

---Why WhatsApp would refuse this form; nil: it takes it.
---@param form whatsapp.Form
---@param text string the stored text
---@return string? why in words
function M.unfit(form, text)
  local check = CHECK[form.type]
  if not check then return "there is no form " .. tostring(form.type) end
  local why = INTERACTIVE[form.type] and (unfit("the text", form.text or text, BODY) or optional("the header", form.header, HEADER)
    or optional("the footer", form.footer, HEADER))
  return why or check(form)
end

---A kept file as a form: of its own kind where WhatsApp takes it so, otherwise a document.
---@param file {hash: string, mime: string, bytes: integer, name?: string, caption?: string}
---@return whatsapp.Form form which can still be unfit: too large, or empty
function M.of_file(file)
  local form = { type = "media", hash = file.hash, mime = file.mime, bytes = file.bytes, name = file.name, caption = file.caption }
  for _, kind in ipairs { "image", "video", "audio" } do
    form.kind = kind
    if not CHECK.media(form) then return form end
  end
  form.kind = "document"
  return form
end

---Can the text be sent without the form? The customer can write the answer, too.
---@param form whatsapp.Form
---@return boolean
function M.has_plain_text(form)
  return INTERACTIVE[form.type] ~= nil
end

local ACTION = {}

function ACTION.buttons(form)
  local list = {}
  for i, button in ipairs(form.buttons) do list[i] = { type = "reply", reply = { id = button.id, title = button.title } } end
  return { buttons = list }
end

function ACTION.list(form) return { button = form.button, sections = form.sections } end

function ACTION.link(form) return { name = "cta_url", parameters = { display_text = form.title, url = form.url } } end

function ACTION.location() return { name = "send_location" } end

-- An approved template with its values. The platform holds its text; our text says the same.
local function template_of(form)
  local parameters, components = {}, {}
  for i, text in ipairs(form.parameters or {}) do parameters[i] = { type = "text", text = text } end
  if #parameters > 0 then components[1] = { type = "body", parameters = parameters } end
  for i, id in ipairs(form.replies or {}) do
    components[#components + 1] = { type = "button", sub_type = "quick_reply", index = tostring(i - 1),
      parameters = { { type = "payload", payload = id } } }
  end
  return { name = form.name, language = { code = form.language }, components = #components > 0 and components or nil }
end

---Writes a form into the body of a message.
---@param body table of POST /{phone}/messages
---@param form whatsapp.Form that fits
---@param text string the stored text
function M.write(body, form, text)
  if form.type == "template" then
    body.type, body.template = "template", template_of(form)
  elseif form.type == "media" then
    body.type = form.kind
    body[form.kind] = { id = form.id, caption = form.caption, filename = form.kind == "document" and form.name or nil }
  else
    body.type = "interactive"
    body.interactive = { type = INTERACTIVE[form.type], body = { text = form.text or text }, action = ACTION[form.type](form),
      header = form.header and { type = "text", text = form.header }, footer = form.footer and { text = form.footer } }
  end
end

return M
