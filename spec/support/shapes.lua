-- Texts that no person writes but anyone can send: {name, text} of 64 KB each. What reads text from outside must take as long for
-- one of these as for any other text of its length.

local M = {}

M.BYTES = 65536

local function filled(unit)
  return (unit:rep(M.BYTES // #unit + 1):sub(1, M.BYTES // #unit * #unit))
end

local UNITS = {
  blanks = " ", tabs = "\t", letters = "a", capitals = "A", digits = "7", dashes = "-", dots = ".", commas = ",", stars = "*",
  underscores = "_", tildes = "~", hashes = "#", pipes = "|", backticks = "`", quotes = '"', apostrophes = "'", backslashes = "\\",
  ["line breaks"] = "\n", ["line breaks and blanks"] = "\n ", ["opening brackets"] = "[", ["opening braces"] = "{", angles = "<",
  ampersands = "&", ["at signs"] = "@", percents = "%", colons = ":", slashes = "/", ["colons and slashes"] = ":/",
  ["numbers and dashes"] = "1-", ["letters and dots"] = "a.", ["letters and blanks"] = "a ", ["digits and blanks"] = "4 ",
  ["markdown links"] = "[a](b", ["web addresses"] = "http://", ["web names"] = "www.", ["mail addresses"] = "a@b.", ["table rows"] = "| ",
  ["spaces of no width"] = "\u{200B}", ["combining marks"] = "\u{0301}", ["marked letters"] = "e\u{0301}", emoji = "😀",
  ["families of emoji"] = "👨‍👩‍👧", ["keycap digits"] = "4\u{FE0F}\u{20E3}", ["full-width digits"] = "４", ["Arabic digits"] = "٤",
  ["wide blanks"] = "\u{3000}", ["no-break blanks"] = "\u{A0}", ["line separators"] = "\u{2028}", ["mixed scripts"] = "абв漢字ab ع ",
  ["control tokens"] = "<|a|>", entities = "&amp;", ["written line breaks"] = "\\n", thoughts = "<think>", ["marks of ours"] = "[photo] ",
  ["replacement characters"] = "\u{FFFD}", ["Han"] = "漢", ["ellipses"] = "…",
}

-- Words that mean something to those who read them: there is more to do for each.
local SPEAKING = {
  ["pairs of stars"] = "**a ", ["number words"] = "one ", ["names of places"] = "Ottawa ", questions = "is it? ", prices = "$1 ",
  ["stairs and streets"] = "12 Main St, no stairs. ", ["wet paint"] = "we take wet paint, ", ["free removal"] = "free for you and ",
  ["words of free"] = "free ", ["no free paint"] = "no free paint, ", ["dollars and blanks"] = "$ ", dollars = "$",
  headings = "# a\n", ["empty headings"] = "# \n", items = "* a\n", rules = "=\n", ["rows of a table"] = "|a|b|\n",
  ["names with dots"] = "a.ca ",
}

-- Shapes that begin or end unlike their middle: a pattern that wants both ends walks the middle again and again.
local ENDS = {
  { "blanks after the customer's number", "4165551234 hello", " ", "x" },
  { "blanks inside a heading", "# a", " ", "b" },
  { "blanks inside a bracket", "[location: a", " ", "b" },
  { "blanks before a line break", "a", " ", "\1\nb" },
  { "dots before a letter", "12 Main", ".", "x" },
  { "apostrophes inside a word", "a", "'", "b'" },
  { "commas inside a number", "1", ",", "2," },
  { "blanks before a point", "a (", " ", ".x" },
}

local function of(units)
  local names, list = {}, {}
  for name in pairs(units) do names[#names + 1] = name end
  table.sort(names)
  for i, name in ipairs(names) do list[i] = { name, filled(units[name]) } end
  return list
end

---@return {[1]: string, [2]: string}[]
function M.speaking() return of(SPEAKING) end

---@return {[1]: string, [2]: string}[]
function M.list()
  local list = of(UNITS)
  for _, ends in ipairs(ENDS) do
    local middle = M.BYTES - #ends[2] - #ends[4]
    list[#list + 1] = { ends[1], ends[2] .. ends[3]:rep(middle // #ends[3]) .. ends[4] }
  end
  return list
end

return M
