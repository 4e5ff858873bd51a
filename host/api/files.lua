---@meta host.files
-- The files of this generation (SCRIPTS_DIR and PROMPTS_DIR), as they were read when it was built: a snapshot.

---@class host.files
local files = {}

---@param path string "prompts/replies.yaml" or "scripts/…"
---@return string? text
---@return string? error
function files.read(path) end

---@param prefix string
---@return string[] paths sorted
function files.list(prefix) end

---One hash of all these files; every decision is stored with it. "" in `assistant run`.
---@return string hex
function files.hash() end

return files
