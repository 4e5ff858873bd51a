-- One walk over the words of a text says which readers must look at it: most texts hold nothing of what a reader looks for.
local M = {}

---Adds to a map what each of the words says. A name without plain letters is listed under "": its reader always looks.
---@param map table<string, integer>
---@param words string[] folded
---@param bits integer the readers that must look at a text that holds one of them
function M.add(map, words, bits)
  for _, word in ipairs(words) do
    word = word:match("%l+") or ""
    map[word] = (map[word] or 0) | bits
  end
end

---@param folded string
---@param map table<string, integer>
---@return integer bits of all readers that must look
function M.look(folded, map)
  local bits = map[""] or 0
  for word in folded:gmatch("%l+") do
    local more = map[word]
    if more then bits = bits | more end
  end
  return bits
end

return M
