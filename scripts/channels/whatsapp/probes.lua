-- Does Meta know our token, number and app, and does the transcriber know our key? For `assistant check --online`. Nothing is sent.

local access = require "ops.access"
local crypto = require "host.crypto"
local plain = require "language.text"
local probes = require "ops.probes"
local settings = require "host.settings"
local voice = require "channels.whatsapp.voice"

local M = {}

local FIELDS = "display_phone_number,verified_name,quality_rating"

-- Asks for the number's own row. proof: a signature by which Meta knows the app's secret.
local function ask_number(proof)
  return probes.ask {
    url = plain.trim_end(settings.get("META_GRAPH_URL"), "[/]") .. "/" .. settings.get("META_PHONE_NUMBER_ID"),
    query = { fields = FIELDS, appsecret_proof = proof }, headers = { Authorization = "Bearer " .. settings.get("META_ACCESS_TOKEN") },
  }
end

local function refusal(response)
  local err = probes.body(response).error
  err = type(err) == "table" and err or {}
  local code = tonumber(err.code)
  if code == 190 or response.status == 401 then
    return probes.wrong("META_ACCESS_TOKEN", "Meta does not take this token: it is wrong, expired or revoked. Make a new one for the "
      .. "system user (Business settings, System users) and copy it whole.")
  end
  if code == 3 or code == 10 or code and code >= 200 and code <= 299 then
    return probes.wrong("META_ACCESS_TOKEN", "This token is not allowed to use the number. Give the system user the WhatsApp account, and "
      .. "make a new token with whatsapp_business_messaging and whatsapp_business_management.")
  end
  if code == 100 then
    return probes.wrong("META_PHONE_NUMBER_ID", "Meta knows no number with this id, or this token cannot see it. Copy the Phone number ID "
      .. "from WhatsApp, API Setup (it is not the number), and give the system user the WhatsApp account.")
  end
  if response.status == 404 or code == 2500 or code == 2635 then
    return probes.wrong("META_GRAPH_URL", "Meta does not know this address or its version. Use https://graph.facebook.com/v26.0 or newer.")
  end
  return probes.wrong("META_GRAPH_URL", ("Meta answers with HTTP %d%s. Look at metastatus.com, and try again.")
    :format(response.status, code and " (code " .. math.floor(code) .. ")" or ""))
end

-- One of the secrets must be the app's: Meta refuses a signature of the token that another secret made.
local function app_secret()
  local refused
  for _, secret in ipairs(settings.get("META_APP_SECRET")) do
    local response = ask_number(crypto.hex(crypto.hmac_sha256(secret, settings.get("META_ACCESS_TOKEN"))))
    if response and response.status == 200 then return probes.fine("META_APP_SECRET", "It is the secret of the token's app.") end
    refused = refused or response and response.body:find("appsecret_proof", 1, true) ~= nil
  end
  if not refused then return probes.note("META_APP_SECRET", "Meta did not say whether it is right. Webhooks with a wrong one get 401.") end
  return probes.wrong("META_APP_SECRET", "It is not the secret of the app that made the token, so webhooks of that app are refused (401). "
    .. "Copy it from App settings, Basic, App secret.")
end

---@async
---@return ops.Finding[]
function M.meta()
  local response, why = ask_number()
  if not response then return { probes.away("META_GRAPH_URL", "Meta", why) } end
  if response.status ~= 200 then return { refusal(response) } end
  local name = probes.body(response).verified_name
  name = type(name) == "string" and " Customers see the name " .. plain.shown(name, 60, true) .. "." or ""
  return { probes.fine("META_ACCESS_TOKEN, META_PHONE_NUMBER_ID", "Meta takes the token and knows the number." .. name), app_secret() }
end

---Asks for the words of no file: who has the right key hears that the file is missing.
---@async
---@return ops.Finding
function M.transcriber()
  local key = settings.get("TRANSCRIBE_API_KEY")
  local response, why = probes.ask { url = voice.address(), method = "POST",
    form_data = { { name = "model", value = settings.get("TRANSCRIBE_MODEL") } },
    headers = { Authorization = key and "Bearer " .. key or nil } }
  if not response then return probes.away("TRANSCRIBE_URL", "The transcriber of voice notes", why) end
  local status = response.status
  if status == 401 or status == 402 or status == 403 then
    local what, remedy = access.transcriber("HTTP " .. status)
    return probes.wrong("TRANSCRIBE_API_KEY", what .. ": " .. remedy .. ".")
  end
  if status == 404 or status == 405 then
    return probes.wrong("TRANSCRIBE_URL", ("There are no transcriptions at this address (HTTP %d). Name the server's base address, like "
      .. "https://api.openai.com/v1."):format(status))
  end
  if status >= 500 then
    return probes.wrong("TRANSCRIBE_URL", ("The transcriber of voice notes answers with HTTP %d. Look at its provider's status page.")
      :format(status))
  end
  return probes.fine("TRANSCRIBE_URL", "The transcriber of voice notes answers" .. (key and " and takes the key." or "."))
end

return M
