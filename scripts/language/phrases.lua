-- Phrases that an owner writes, made ready to be found: "don't|do-not text|call me (again)". What stands for each other has | between it
-- (with - between the words of one), what is in brackets may be missing. Only words count: case, accents and signs do not.
local text = require "language.text"

local M = {}

M.MOST_NODES = 1000 -- of one phrase, all its forms together

-- The parts of a phrase: { optional=, one list of words for each form }, or nil and what is wrong.
local function parts_of(phrase)
  local parts, inside = {}, false
  for piece in phrase:gsub("[()]", " %0 "):gmatch("%S+") do
    if piece == "(" or piece == ")" then
      if inside == (piece == "(") then return nil, "has a bracket without its other one." end
      inside = piece == "("
    else
      local part = { optional = inside }
      for form in piece:gmatch("[^|]+") do
        local words = text.split(text.words(form))
        if #words > 0 then part[#part + 1] = words end
      end
      if #part > 0 then parts[#parts + 1] = part end
    end
  end
  if inside then return nil, "has a bracket without its other one." end
  local needed = false
  for _, part in ipairs(parts) do needed = needed or not part.optional end
  if not needed then return nil, "must hold a word that is not in brackets." end
  return parts
end

-- Adds a phrase to a tree of words. value: what the phrase stands for; false where two phrases of one wording disagree.
---@param tree table
---@param phrase string
---@param value any
---@return string? problem
function M.add(tree, phrase, value)
  local parts, problem = parts_of(phrase)
  if not parts then return problem end
  local ends, made = { tree }, 0
  for _, part in ipairs(parts) do
    local after, seen = {}, {}
    local function reach(node)
      if not seen[node] then seen[node], after[#after + 1] = true, node end
    end
    for _, from in ipairs(ends) do
      if part.optional then reach(from) end
      for _, words in ipairs(part) do
        local node = from
        for _, word in ipairs(words) do
          if not node[word] then
            node[word], made = {}, made + 1
            if made > M.MOST_NODES then return "has too many forms. Write several shorter phrases." end
          end
          node = node[word]
        end
        reach(node)
      end
    end
    ends = after
  end
  for _, node in ipairs(ends) do
    if node[0] == nil then node[0] = value elseif node[0] ~= value then node[0] = false end
  end
end

-- The longest phrase that begins with word i: the number of its last word, and its value. nil: none begins there.
---@param tree table
---@param words string[]
---@param i integer
function M.at(tree, words, i)
  local node, last, value = tree, nil, nil
  while true do
    node = node[words[i]]
    if not node then return last, value end
    if node[0] ~= nil then last, value = i, node[0] end
    i = i + 1
  end
end

-- Are the words from `i` on nothing but phrases of this tree?
---@param tree table
---@param words string[]
---@param i integer
function M.only(tree, words, i)
  while words[i] do
    local last = M.at(tree, words, i)
    if not last then return false end
    i = last + 1
  end
  return true
end

-- Are these words one phrase, with nothing around it but phrases of `around`? true and its value, or false.
---@param tree table
---@param words string[]
---@param around table a tree
---@return boolean found
---@return any value
function M.whole(tree, words, around)
  local i = 1
  while words[i] do
    local node, j = tree, i
    while true do
      node = node[words[j]]
      if not node then break end
      if node[0] ~= nil and M.only(around, words, j + 1) then return true, node[0] end
      j = j + 1
    end
    local last = M.at(around, words, i)
    if not last then return false end
    i = last + 1
  end
  return false
end

return M
