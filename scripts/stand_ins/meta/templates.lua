-- The message templates that Meta has approved for this business, as the stand-in knows them. Each takes the values in
-- its body; hello_world, which every account has, takes none. Pure.

local M = {}

local bodies = {
  visit_booked = { en = "Your on-site assessment is booked: {{1}}.", fr = "Votre évaluation sur place est réservée: {{1}}." },
  visit_moved = { en = "Your on-site assessment has moved to {{1}}.", fr = "Votre évaluation sur place a été déplacée: {{1}}." },
  visit_cancelled = { en = "Your on-site assessment of {{1}} is cancelled.", fr = "Votre évaluation sur place du {{1}} est annulée." },
  visit_requested = { en = "We have your request: {{1}}.", fr = "Nous avons votre demande: {{1}}." },
  visit_rejected = { en = "Sorry, {{1}} does not work for us.", fr = "Désolé, {{1}} ne nous convient pas." },
  visit_reminder = { en = "A reminder: your on-site assessment is on {{1}}.", fr = "Un rappel: votre évaluation sur place est le {{1}}." },
  after_window = { en = "ClearoutSpaces writes to you: {{1}} Answer here to go on.", fr = "ClearoutSpaces écrit: {{1}} Répondez ici." },
  quote_ready = { en = "Your quote: {{1}}. {{2}}" },
  hello_world = { en_US = "Hello World. Welcome to WhatsApp!", en = "Hello World. Welcome to WhatsApp!" },
}

-- The quick replies of a template.
local quick_replies = { quote_ready = { "Accept", "Decline" } }

local function components_of(template)
  return type(template) == "table" and type(template.components) == "table" and template.components or {}
end

-- Meta's code and words for the buttons of a template message; nil: it takes them.
local function bad_buttons(template)
  for _, component in ipairs(components_of(template)) do
    if type(component) == "table" and component.type == "button" then
      local index = tonumber(component.index)
      local value = type(component.parameters) == "table" and component.parameters[1]
      if component.sub_type ~= "quick_reply" or not index or index >= #(quick_replies[template.name] or {}) then
        return 132000, "Button at index " .. tostring(component.index) .. " does not exist in the template"
      elseif type(value) ~= "table" or value.type ~= "payload" or type(value.payload) ~= "string" then
        return 132012, "Parameter format does not match"
      end
    end
  end
  return nil
end

local function values_of(template)
  local values = {}
  for _, component in ipairs(components_of(template)) do
    if type(component) == "table" and component.type == "body" then
      for _, parameter in ipairs(type(component.parameters) == "table" and component.parameters or {}) do
        values[#values + 1] = parameter
      end
    end
  end
  return values
end

local function count_of(body)
  local most = 0
  for number in body:gmatch("{{(%d+)}}") do most = math.max(most, math.tointeger(tonumber(number))) end
  return most
end

---The buttons of a template message that Meta took.
---@return {title: string, payload: string}[]
function M.buttons(template)
  local list = {}
  for _, component in ipairs(components_of(template)) do
    if component.type == "button" then
      list[#list + 1] = { title = quick_replies[template.name][tonumber(component.index) + 1], payload = component.parameters[1].payload }
    end
  end
  return list
end

---What the phone shows of a template message; or nil, Meta's code and words.
---@param template any the message's `template`
---@return string? text
---@return integer? code
---@return string? words
function M.render(template)
  if type(template) ~= "table" or type(template.name) ~= "string" then
    return nil, 131008, "Required parameter is missing: template.name"
  end
  local language = type(template.language) == "table" and template.language.code
  if type(language) ~= "string" then return nil, 131008, "Required parameter is missing: template.language.code" end
  local body = (bodies[template.name] or {})[language]
  if not body then return nil, 132001, ("Template name (%s) does not exist in %s"):format(template.name, language) end
  local values, wanted = values_of(template), count_of(body)
  if #values ~= wanted then
    return nil, 132000, ("Number of parameters does not match: body has %d, expected %d"):format(#values, wanted)
  end
  for _, value in ipairs(values) do
    if type(value) ~= "table" or value.type ~= "text" or type(value.text) ~= "string" then
      return nil, 132012, "Parameter format does not match"
    end
    if value.text == "" or value.text:find("[\n\t]") or value.text:find("     ", 1, true) then
      return nil, 132018, "Parameter text cannot have new-line/tab characters or more than 4 consecutive spaces"
    end
  end
  local code, words = bad_buttons(template)
  if code then return nil, code, words end
  return (body:gsub("{{(%d+)}}", function(number) return values[tonumber(number)].text end))
end

return M
