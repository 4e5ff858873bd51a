---@meta host.words
-- The words of a text. Pure, and the only module of the host that language/ requires: its recognisers read each message many times.
-- Capitals of ASCII count as small letters. Bytes from 128 on count as letters, and stay as they are.
--
-- Kinds of words: "words" (the default) are runs of letters and digits; "letters" are runs of letters, from the second one on with
-- apostrophes ("I'd 2nd" holds "i'd" and "nd"); "small" are runs of the letters a to z.

---@class host.words
local words = {}

---@class host.words.Map userdata

---@param text string
---@param kind? "words"|"letters"|"small"
---@return string[]
function words.list(text, kind) end

---The pieces of a text between blanks and line breaks, unchanged, each as a key with the value true.
---@param text string
---@return table<string, boolean>
function words.set(text) end

---The pieces of a text between these signs, without blanks and line breaks around them. Empty ones are left out.
---@param text string
---@param signs string each byte is one
---@return string[]
function words.pieces(text, signs) end

---Words with what they stand for, made ready to be looked for in texts. A word of more than 255 bytes is never found.
---@param bits table<string, integer> at most a million bytes of words, in small letters
---@param kind? "words"|"letters"|"small"
---@return host.words.Map
function words.map(bits, kind) end

---@param text string
---@param map host.words.Map
---@return integer bits of all its words that the map has, joined with |; 0: the map has none
function words.look(text, map) end

---Does the map have every word of the text? true also of a text without words.
---@param text string
---@param map host.words.Map
---@return boolean
---@return string? other the first word that the map has not
function words.only(text, map) end

---@param text string
---@param map host.words.Map
---@return string[] found its words that the map has, in order, as often as they stand there
---@return integer count of all its words
function words.found(text, map) end

---How many different words of the text have each bit.
---@param text string
---@param map host.words.Map
---@return table<integer, integer> counts by the place of the bit: 1 for the lowest; nil where there is none
---@return integer count of all its words
function words.count(text, map) end

---How many digits (0 to 9) the text has.
---@param text string
---@param most integer no more are counted
---@return integer
function words.digits(text, most) end

---How different two names are: the letters to add, drop, change, or swap with their neighbour, until a is b. Names of more than 128
---bytes are as different as can be.
---@param a string
---@param b string
---@return integer
function words.distance(a, b) end

return words
