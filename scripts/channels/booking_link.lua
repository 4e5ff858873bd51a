-- Makes the booking link. Only Cal.com understands filled-in values; any other page gets the bare address.

local url = require "host.url"

local M = {}

-- Other booking pages. They are not Cal.com's, also when a Cal.com is set up.
local OTHERS = {
  "calendly.com", "acuityscheduling.com", "as.me", "setmore.com", "squareup.com", "square.site", "google.com", "app.google", "goo.gl",
  "office.com", "office365.com", "youcanbook.me", "simplybook.me", "appointlet.com", "savvycal.com", "zcal.co", "tidycal.com",
  "housecallpro.com", "getjobber.com", "hubspot.com", "zohobookings.com", "wix.com",
}

local function is_under(host, domain)
  return host == domain or host:sub(-#domain - 1) == "." .. domain
end

local function is_calcom(address, likely)
  local parts = url.parse(address)
  local host = parts and parts.host or ""
  if is_under(host, "cal.com") or host == "bookings.clearoutspaces.ca" then return true end
  if not likely then return false end
  for _, other in ipairs(OTHERS) do
    if is_under(host, other) then return false end
  end
  return true
end

---@param booking {url: string, name?: string, token: string, calcom?: boolean, moves?: string} calcom: a Cal.com is set up here;
---  moves: Cal.com's id of the present visit, when the customer picks another time for it
---@return string
function M.fill(booking)
  if not is_calcom(booking.url, booking.calcom) then return booking.url end
  local query = { "metadata%5Bconv%5D=" .. url.encode(booking.token) }
  if booking.moves then query[#query + 1] = "rescheduleUid=" .. url.encode(booking.moves) end
  if booking.name and booking.name:find("%a") and not booking.name:find("%d%d%d%d") then
    table.insert(query, 1, "name=" .. url.encode(booking.name))
  end
  local base, fragment = booking.url:match("^([^#]*)(.*)$")
  return base .. (base:find("?", 1, true) and "&" or "?") .. table.concat(query, "&") .. fragment
end

return M
