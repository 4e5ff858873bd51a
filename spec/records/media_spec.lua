-- records/media over the real database: run inside the host (`assistant run`), pending elsewhere.

package.path = "scripts/?.lua;" .. package.path

local inside = pcall(require, "host.db")
if not inside then
  describe("records/media", function() pending("needs the host's database: run with `assistant run`") end)
  return
end

local media = require "records.media"
local tables = require "spec.support.tables"

describe("records/media", function()
  setup(tables)

  it("never gives the id of a removed row again, because a job may still bring the file of that row", function()
    local function add(message) return media.add({ conversation = "16475550124", id = message, media = { meta_id = "1", kind = "image" } }, 1) end
    local removed = add "wamid.a"
    media.remove_message "wamid.a"
    local other = add "wamid.b"
    media.stored(removed, { hash = ("0"):rep(64), bytes = 1 }, "image/jpeg", 2)
    assert.equal("waiting", media.get(other).state)
    media.remove_message "wamid.b"
  end)
end)
