-- HTTP by hand, over raw sockets: bytes out, bytes in. Blocking, loopback.
--
--   wire.http(port, method, path, {headers = {{name, value}, …}, body =, timeout = s}) → response
--       one request on a connection of its own; response.status 0: no answer (response.problem says why)
--   wire.raw(port, bytes, {want = n, timeout = s, settle = s, half = true, head = true}) → responses, closed, rest
--       sends bytes, reads until n (1) responses, the end or the timeout; then `settle` seconds more, to catch what must not come;
--       half: closes its own direction after sending; head: the answers have no body
--   wire.dial(port) → connection         kept open, for pipelining and slow writing:
--       :send(bytes)   :read(n, timeout) → responses   :closed(timeout) → bool   :reset() (RST)   :close()
--   response: {status, reason, headers (lower-case names), body, raw}
--   wire.listen(port | nil) → upstream   the spec itself plays an upstream, step by step:
--       .port   :accept(timeout) → connection | nil
--       connection:request(timeout) → {method, path, headers, body} | nil   :answer(status, body, headers)   :send :reset :close
--
-- A status of 0 or an empty list is an outcome, not an error: specs say what they expect.

local socket = require "socket"

local M = {}

local function headers_of(block)
  local headers = {}
  for line in block:gmatch "[^\r\n]+" do
    local name, value = line:match "^([^:]+):%s*(.-)%s*$"
    if name then
      name = name:lower()
      headers[name] = headers[name] and headers[name] .. ", " .. value or value
    end
  end
  return headers
end

local function chunked(rest)
  local body = {}
  while true do
    local size, after = rest:match "^(%x+)[^\r\n]*\r\n()"
    if not size then return nil end
    local count = tonumber(size, 16)
    if #rest < after + count + 1 then return nil end
    body[#body + 1] = rest:sub(after, after + count - 1)
    rest = rest:sub(after + count + 2)
    if count == 0 then return table.concat(body), rest end
  end
end

-- Whole responses at the beginning of what was read, and the rest. ended: the peer closed, so a body without a length is whole.
local function parse(buffer, head, ended)
  local list = {}
  while true do
    local first, after = buffer:match "^(HTTP/%S+ %d%d%d[^\r\n]*)\r\n\r\n()"
    local block = ""
    if not first then
      first, block, after = buffer:match "^(HTTP/%S+ %d%d%d[^\r\n]*)\r\n(.-\r\n)\r\n()"
    end
    if not first then return list, buffer end
    local status = tonumber(first:match " (%d%d%d)")
    local headers, rest = headers_of(block), buffer:sub(after)
    local body
    if status >= 100 and status < 200 then
      buffer = rest
    else
      if head or status == 204 or status == 304 then
        body = ""
      elseif (headers["transfer-encoding"] or ""):find "chunked" then
        body, rest = chunked(rest)
        if not body then return list, buffer end
      elseif headers["content-length"] then
        local count = tonumber(headers["content-length"])
        if #rest < count then return list, buffer end
        body, rest = rest:sub(1, count), rest:sub(count + 1)
      elseif ended then
        body, rest = rest, ""
      else
        return list, buffer
      end
      list[#list + 1] = { status = status, reason = first:match "%d%d%d ?(.*)$", headers = headers, body = body, raw = first .. "\r\n" .. block }
      buffer = rest
    end
  end
end

local Connection = {}
Connection.__index = Connection

local function connection(sock)
  sock:setoption("tcp-nodelay", true)
  return setmetatable({ sock = sock, buffer = "", over = false }, Connection)
end

function M.dial(port)
  local sock, problem = socket.connect("127.0.0.1", port)
  if not sock then return nil, problem end
  return connection(sock)
end

---Sends all of it, at most 10 s. The peer may close early: what it said still counts.
function Connection:send(bytes)
  self.sock:settimeout(10)
  local from = 1
  while from <= #bytes do
    local sent, problem, partly = self.sock:send(bytes, from)
    if not sent then return false, problem, partly end
    from = sent + 1
  end
  return true
end

-- More bytes into the buffer. false: none came in time, or it is over.
function Connection:more(timeout)
  if self.over then return false end
  self.sock:settimeout(math.max(timeout, 0.001))
  local data, problem, partly = self.sock:receive(1)
  if data then
    self.sock:settimeout(0)
    local _, again, rest = self.sock:receive(1 << 20)
    self.buffer = self.buffer .. data .. (rest or _ or "")
    if again == "closed" then self.over = true end
    return true
  end
  self.buffer = self.buffer .. (partly or "")
  if problem ~= "timeout" then self.over = true end
  return false
end

---Reads until `want` whole responses are there, the end, or the timeout. They stay in order; what is read once is not returned again.
function Connection:read(want, timeout, head)
  local deadline = socket.gettime() + (timeout or 5)
  local list
  while true do
    list, self.rest = parse(self.buffer, head, self.over)
    if #list >= (want or 1) or self.over or socket.gettime() >= deadline then break end
    self:more(deadline - socket.gettime())
  end
  self.buffer = self.rest
  return list
end

---Has the peer closed it (within timeout)? What it still says is kept.
function Connection:closed(timeout)
  local deadline = socket.gettime() + (timeout or 0)
  repeat self:more(deadline - socket.gettime()) until self.over or socket.gettime() >= deadline
  return self.over
end

function Connection:shut() self.sock:shutdown "send" end

---Closes with a reset.
function Connection:reset()
  self.sock:setoption("linger", { on = true, timeout = 0 })
  self.sock:close()
end

function Connection:close() self.sock:close() end

function M.raw(port, bytes, options)
  options = options or {}
  local peer, problem = M.dial(port)
  if not peer then return {}, true, problem end
  peer:send(bytes)
  if options.half then peer:shut() end
  local list = peer:read(options.want or 1, options.timeout or 5, options.head)
  if options.settle then
    for _, one in ipairs(peer:read(1 << 30, options.settle, options.head)) do list[#list + 1] = one end
  end
  local over = peer.over
  peer:close()
  return list, over, peer.buffer
end

function M.http(port, method, path, options)
  options = options or {}
  local lines = { ("%s %s HTTP/1.1"):format(method, path), "Host: spec.test", "Connection: close" }
  local body = options.body or ""
  if options.body or method == "POST" or method == "PUT" then lines[#lines + 1] = "Content-Length: " .. #body end
  for _, header in ipairs(options.headers or {}) do lines[#lines + 1] = header[1] .. ": " .. header[2] end
  local list, _, rest = M.raw(port, table.concat(lines, "\r\n") .. "\r\n\r\n" .. body, { timeout = options.timeout or 10, head = method == "HEAD" })
  return list[1] or { status = 0, headers = {}, body = "", problem = rest }
end

-- ---- an upstream played by the spec ----

local Upstream = {}
Upstream.__index = Upstream

function M.listen(at)
  local sock = assert(socket.bind("127.0.0.1", at or 0, 128))
  local _, port = sock:getsockname()
  return setmetatable({ sock = sock, port = math.tointeger(tonumber(port)) }, Upstream)
end

function Upstream:accept(timeout)
  self.sock:settimeout(timeout or 5)
  local sock = self.sock:accept()
  return sock and connection(sock)
end

function Upstream:close() self.sock:close() end

---One whole request that the program sent us, or nil.
function Connection:request(timeout)
  local deadline = socket.gettime() + (timeout or 5)
  while true do
    local first, block, after = self.buffer:match "^([^\r\n]+)\r\n(.-\r\n)\r\n()"
    if first then
      local headers = headers_of(block)
      local count = tonumber(headers["content-length"] or 0)
      if #self.buffer >= after + count - 1 then
        local method, path = first:match "^(%S+) (%S+)"
        local body = self.buffer:sub(after, after + count - 1)
        self.buffer = self.buffer:sub(after + count)
        return { method = method, path = path, headers = headers, body = body }
      end
    end
    if self.over or socket.gettime() >= deadline then return nil end
    self:more(deadline - socket.gettime())
  end
end

function Connection:answer(status, body, headers)
  local lines = { ("HTTP/1.1 %d Spec"):format(status), "Content-Length: " .. #body }
  for name, value in pairs(headers or { ["Content-Type"] = "application/json" }) do lines[#lines + 1] = name .. ": " .. value end
  return self:send(table.concat(lines, "\r\n") .. "\r\n\r\n" .. body)
end

return M
