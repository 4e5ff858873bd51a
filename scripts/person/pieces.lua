-- Walks everything that a function of the host gives in pieces. Other tasks run between two pieces.

local task = require "host.task"

---@async
---@param find fun(from: any): any[], any a piece, and where the next one begins; nil: that was all
---@param from any where the first piece begins
---@return fun(): any each item, for a `for`
return function(find, from)
  local list, next = find(from)
  local at = 0
  return function()
    at = at + 1
    while list[at] == nil and next do
      task.sleep(0)
      list, next = find(next)
      at = 1
    end
    return list[at]
  end
end
