---@meta host.log
-- One JSON object per line on stdout: time, level, event, generation, then the fields. Never a body, a secret, a full phone number.

---@class host.log
local log = {}

---@alias host.log.Fields table<string, string|number|boolean>

---@param event string like "turn.done"
---@param fields? host.log.Fields
function log.debug(event, fields) end

---@param event string
---@param fields? host.log.Fields
function log.info(event, fields) end

---@param event string
---@param fields? host.log.Fields
function log.warn(event, fields) end

---@param event string
---@param fields? host.log.Fields
function log.error(event, fields) end

---Is a line of this level written? For lines on a busy path, so that their fields are not made for nothing.
---@param level "debug"|"info"|"warn"|"error"
---@return boolean
function log.on(level) end

return log
