-- The files in prompts/ as they are shipped. An owner's own differ, so that this stands apart from spec/brain.

package.path = "scripts/?.lua;" .. package.path
local checks = require "brain.prompt_checks"
local english = require "language.english"
local replies = require "flow.replies"
local shell = require "spec.support.shell"
local yaml = require "host.yaml"

local function shipped(name) return assert(yaml.decode(assert(shell.read(shell.root .. "/prompts/" .. name)), name)) end

describe("the shipped prompts", function()
  it("show each fixed text as the scripts have it, and no other", function()
    local written = shipped "replies.yaml"
    for _, entry in ipairs(replies.defaults) do
      assert.equal(entry[2], written[entry[1]], entry[1])
      written[entry[1]] = nil
    end
    assert.same({ name = english.name, recognised_by = english.recognised_by }, written.language)
    assert.same(english.words, written.words)
    written.language, written.words = nil, nil
    assert.same({}, written)
  end)

  for _, code in ipairs { "fr", "es", "pt", "pa" } do
    it("have every fixed text and every list of words in the file of " .. code, function()
      local written = shipped("replies." .. code .. ".yaml")
      for _, entry in ipairs(replies.defaults) do
        local key, text = entry[1], written[entry[1]]
        assert.is_true(entry[2] == "" or text ~= nil and (text ~= entry[2] or text == "No"), key)
        for name in pairs(text and checks.filled(key) or {}) do
          if name ~= "old" then assert.truthy(text:find("{" .. name .. "}", 1, true), key) end
        end
      end
      for kind in pairs(english.words) do assert.truthy(#written.words[kind] > 0, kind) end
    end)
  end

  it("show each key of business.yaml with its default", function()
    local written = checks.apply(checks.business, shipped "business.yaml", "business.yaml", {}, {})
    assert.same(checks.defaults(checks.business), written)
  end)
end)
