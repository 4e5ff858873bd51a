-- A phone number as logs may show it: never whole.

return function(id)
  id = tostring(id)
  if #id >= 9 then return id:sub(1, 4) .. "•••" .. id:sub(-4) end
  return "•••" .. id:sub(-2)
end
