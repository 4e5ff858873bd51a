---@meta host.yaml
-- YAML 1.2, core schema: null ~, true/false, integers (0123 is 123, 0o17 is 15), floats; everything else is text (no, off, 9:00 too).
-- One document, no aliases, anchors, tags, directives or merge keys, no duplicate keys; depth 32, 50,000 values, 1 MiB.

---@class host.yaml
local yaml = {}

---@class host.yaml.Marks   lines for messages: marks[path] = line. A path is "key.key[3]"; "" is the document; none for a path over 200 bytes
---@field [string] integer

---An empty document is nil with an error. null becomes json.null inside tables; lists are marked as json.array marks them; keys are
---texts (24: is the key "24"; true, null, lists and tables as keys are errors).
---@param text string
---@param name? string the file's name, for errors
---@return any? value
---@return string|host.yaml.Marks error_or_marks on failure "name:line:column: what and what to do"; else the marks
---@return table<string, {line: integer, text: string}>? comments of texts without quotes whose line ends in a comment, by path: the
---comment with the blanks before it
function yaml.decode(text, name) end

return yaml
