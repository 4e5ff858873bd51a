-- One walk over the words of a text says which readers must look at it: most texts hold nothing of what a reader looks for.
local words = require "host.words"

local M = {}

---Adds to a map what each of the words says. A name without plain letters is listed under "": its reader always looks.
---@param map table<string, integer>
---@param list string[] words, folded
---@param bits integer the readers that must look at a text that holds one of them
function M.add(map, list, bits)
  for _, word in ipairs(list) do
    word = word:match("%l+") or ""
    map[word] = (map[word] or 0) | bits
  end
end

---@param map table<string, integer>
---@return {map: host.words.Map, always: integer} ready for `look`
function M.ready(map)
  return { map = words.map(map, "small"), always = map[""] or 0 }
end

---@param folded string
---@param ready {map: host.words.Map, always: integer}
---@return integer bits of all readers that must look
function M.look(folded, ready)
  return words.look(folded, ready.map) | ready.always
end

return M
