-- The shipped languages as the service reads them: English, then one for each file of prompts/.
local english = require "language.english"
local shell = require "spec.support.shell"
local yaml = require "host.yaml"

local list = { { code = "en", recognised_by = english.recognised_by, words = english.words } }
for _, code in ipairs { "fr", "es", "pt", "pa" } do
  local file = assert(yaml.decode(assert(shell.read(("%s/replies.%s.yaml"):format(shell.prompts, code))), code))
  list[#list + 1] = { code = code, recognised_by = file.language.recognised_by, script = file.language.script, words = file.words }
end

return list
