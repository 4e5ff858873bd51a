---@meta host.settings
-- The settings of this generation: the host's own and those that scripts/settings.lua declares.

---@class host.settings
local settings = {}

---@class host.settings.Declared          one entry of the list that scripts/settings.lua returns; the list may also have
---`check = function(get) return {"problem", …} end`, for rules between settings
---@field name string                      the variable
---@field type "text"|"secret"|"url"|"integer"|"choice"|"list"
---@field secret? boolean                 never shown, and may come from a file; always true of the type "secret"
---@field required? boolean
---@field default? string|integer          as it would stand in the environment
---@field min? integer
---@field max? integer
---@field choices? string[]
---@field insecure? "warn"                 url: http:// to other than loopback is only warned about (else it is a problem)
---@field help string                      one line: what it is and where to get it; shown when it is missing
---@field check? fun(value: any): string?  cause and remedy, or nil; must not repeat the value; a list comes as its text in the environment

---The value: text, an integer, or a list of text; nil when unset. A name that is not declared throws.
---@param name string
---@return string|integer|string[]|nil
function settings.get(name) end

---The variable that gives the value: the name, or the name with _FILE when a file holds it. For messages.
---@param name string
---@return string
function settings.source(name) end

return settings
