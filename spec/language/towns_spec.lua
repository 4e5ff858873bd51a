-- Which town or postal code a text names, by addresses as people write them. Judged with the lists that are shipped: Mississauga, Brampton,
-- Vaughan and Toronto are served.

local area = require "flow.area"
local towns = require "language.towns"

local SHIPPED = area.prepare { serves = { "Mississauga", "Brampton", "Vaughan", "Toronto" }, not_served = {} }

local IN = [[
123 Main St, Toronto
123 main st toronto
45 king st w toronto
22 Bay St., Toronto, ON, M5J 2X8
22 bay st m5j2x8
100 Queen St W M5H-2N2
Apt 1204, 88 Harbour Street, Toronto
1204-88 Queens Quay W, Toronto, Ontario, Canada
9 St. Clair Ave W, Toronto
12 Elm St, Etobicoke
77 the queensway etobicoke
80 Rexdale Blvd, Etobico
5 Kipling Ave, Rexdale
3 Lakeshore Blvd W, Mimico
1200 Kennedy Rd, Scarborough
1200 kennedy rd scarboro
50 Brimley Rd Scarborough ON M1P
4700 Keele St, North York
25 Sheppard Ave W, N. York
10 Yonge St, Willowdale
14 Lawrence Ave E, Don Mills
100 Cosburn Ave, East York
7 Eglinton Ave W, York
7 Eglinton Ave W, York, ON
2000 Weston Rd, Weston
Hamilton Ave, Toronto
45 Ottawa St, Toronto
12 Kingston Rd, Scarborough
Kingston Road, Toronto
120 Oakville Cres, Mississauga
45 Burlington Street East, Toronto
33 Cambridge Ave, Toronto
18 Guelph Dr, Brampton
200 Dundas St W, Mississauga
200 dundas w mississauga
Dundas and Hurontario, Mississauga
45 Ottawa, Toronto
2200 Barrie Rd, Toronto
14 Markham Rd, Scarborough
9 Newmarket Ave, Toronto
55 Whitby Ct, Mississauga
12 rue Montréal, Toronto
300 City Centre Dr, Mississauga
300 city centre drive sauga
300 City Centre Dr, Missisauga
300 City Centre Dr L5B 3C1
4141 Living Arts Dr, L5B
7 Airport Rd, Malton
7 Airport Rd L4T 2H6
14 Queen St S, Streetsville
14 Queen St S, Streetsville, ON L5M
70 Port St E, Port Credit
6600 Falconer Dr, Meadowvale
2200 Erin Mills Pkwy, Erin Mills
1 Main St N, Brampton
1 Main St N, Bramton
25 Peel Centre Dr, Bramalea
25 Peel Centre Dr, Brampton L6T 3R5
10 Bovaird Dr L6Z1A1
55 Sandalwood Pkwy L7A 2S3
2141 Major Mackenzie Dr, Vaughan
2141 Major Mackenzie Dr, Vaughn
8000 Highway 27, Woodbridge
8000 hwy 7 vaughan
8000 Hwy 27, L4L 1A5
1 Keele St, Maple
1 Keele St, Maple, ON
99 Keele St, Concord
10365 Islington Ave, Kleinburg
50 Clark Ave L4J 1A1
300 Maple Ave, Maple, Ontario L6A 1S9
unit 5 toronto
Toronto
toronto on
Mississauga, Ontario
downtown toronto
Milliken Mills, Scarborough
10 Milton St, Etobicoke
King St, Toronto
Yonge & Eglinton, Toronto
Hamilton Ave, M4M 1A1
]]

local OUT = [[
12 Elm St, Hamilton = Hamilton
12 elm st hamilton = Hamilton
hamilton = Hamilton
Hamilton, ON = Hamilton
Hamilton Ontario = Hamilton
45 Ottawa St N, Hamilton = Hamilton
45 Toronto St, Hamilton = Hamilton
100 King St E, Hamilton, ON L8N 1A1 = Hamilton
100 King St E L8N1A1 = Hamilton
100 King St E l8n = Hamilton
33 Wilson St, Ancaster = Ancaster
33 Creek Rd, Stoney Creek = Stoney Creek
20 Sydenham St, Dundas, ON = Dundas
20 Sydenham St, Dundas = Dundas
9 Hatt St, L9H 2E8 = Dundas
10 Mill St, Waterdown = Waterdown
2000 Brant St, Burlington = Burlington
2000 Brant St L7P = Burlington
240 Leighland Ave, Oakville = Oakville
240 Leighland Ave L6H3H6 = Oakville
1 Main St, Milton = Milton
9 Derry Rd L9T 7J6 = Milton
6 King St, Bolton = Bolton
6311 Old Church Rd, Caledon = Caledon
15 Main St, Georgetown = Halton Hills
101 Town Centre Blvd, Markham = Markham
101 town centre blvd markam on = Markham
101 Town Centre Blvd L3R 9W3 = Markham
147 Main St, Unionville = Unionville
225 E Beaver Creek Rd, Richmond Hill = Richmond Hill
225 beaver creek richmondhill = Richmond Hill
100 John West Way, Aurora = Aurora
395 Mulock Dr, Newmarket = Newmarket
2585 King Rd, King City = King City
6 Civic Ave, Stouffville = Stouffville
1 The Esplanade, Pickering = Pickering
65 Harwood Ave S, Ajax = Ajax
575 Rossland Rd E, Whitby = Whitby
50 Centre St S, Oshawa = Oshawa
50 Centre St S L1H 3Z7 = Oshawa
70 Collier St, Barrie = Barrie
70 collier st, barrie on l4m = Barrie
1 Carden St, Guelph = Guelph
200 King St W, Kitchener = Kitchener
100 Regina St S, Waterloo = Waterloo
50 Dickson St, Cambridge = Cambridge
300 Dufferin Ave, London = London
300 Dufferin Ave, London, Ontario = London
4310 Queen St, Niagara Falls = Niagara Falls
50 Church St, St. Catharines = St. Catharines
50 church st st catharines = St. Catharines
50 Church St, Saint Catherines = St. Catharines
50 Church St, St. Catharine's = St. Catharines
216 Ontario St, Kingston = Kingston
216 Ontario St, Kingston, ON = Kingston
110 Laurier Ave W, Ottawa = Ottawa
10 Eagleson Rd, Kanata = Ottawa
500 George St N, Peterborough = Peterborough
275 rue Notre-Dame Est, Montréal = Montreal
275 Notre-Dame St, Montreal, QC = Montreal
275 Notre-Dame St, H2Y 1C6 = Montreal
Orangeville = Orangeville
9 Front St, Niagara-on-the-Lake = Niagara-on-the-Lake
Sault Ste. Marie = Sault Ste. Marie
800 Macleod Trail SE, Calgary = Calgary
]]

local UNKNOWN = [[
123 Main St
12 Hamilton Ave
45 Ottawa St
45 Ottawa
6 Toronto
King St W
King and Bay
Dundas & Bathurst
Dundas and Dufferin
Markham and Lawrence
Kingston & Brimley
Kingston
Thornhill
10 Yonge St, Thornhill
Hwy 7
Lindsay
York University
a maple table
king size bed
a Hamilton Beach mixer
Milton Bradley games
100 windsor chairs
GTA
Ontario
Toronto, Hamilton
unit B2C
apt A4C, 12 Elm St
L3L 1A1
L0J 1C0
the office
no
12 Elm St, Greenfield
]]

local function each(text)
  local list = {}
  for line in text:gmatch "[^\n]+" do list[#list + 1] = { line:match "^(.-) = (.*)$" } end
  local at = 0
  for line in text:gmatch "[^\n]+" do
    at = at + 1
    list[at] = list[at][1] and list[at] or { line }
  end
  return list
end

local function wrong(list, verdict)
  local problems = {}
  for _, case in ipairs(each(list)) do
    local got, name = area.judge(case[1], SHIPPED)
    local fits = got == verdict and (not case[2] or name ~= nil and (name == case[2] or name:find("^" .. case[2]:gsub("%p", "%%%0") .. " %(") ~= nil))
    if not fits then problems[#problems + 1] = ("%s: %s %s"):format(case[1], tostring(got), tostring(name)) end
  end
  return problems
end

describe("an address", function()
  it("is inside where a served town, its district, old name, spelling or postal code is named", function() assert.same({}, wrong(IN, "in")) end)
  it("is outside where another town or its postal code is named, and says which", function() assert.same({}, wrong(OUT, "out")) end)
  it("is unknown where it names no town, a street of that name, a thing, or two towns that differ", function() assert.same({}, wrong(UNKNOWN, nil)) end)

  it("was tried in at least 100 forms", function() assert.is_true(#each(IN) + #each(OUT) + #each(UNKNOWN) >= 100) end)

  it("goes by its postal code where code and words differ", function()
    assert.equal("out", (area.judge("12 Elm St, Toronto, L8N 1A1", SHIPPED)))
    assert.equal("in", (area.judge("12 Elm St, Hamilton, M5V 2T6", SHIPPED)))
    assert.equal("in", (area.judge("12 Elm St, Toronto, L0R 1A0", SHIPPED))) -- a rural code that several towns share says nothing
  end)
end)

describe("a message without an address", function()
  local function said(text, lists) return area.judge_said({ text }, lists or SHIPPED) end

  it("names the place where the customer is, or asks about", function()
    for _, text in ipairs { "im in Hamilton do u come here", "I'm in Hamilton", "do you serve Barrie?", "do u do guelph", "Hamilton?", "hamilton", "we r in barrie",
      "located in Oshawa can you come?", "I have a couch in Hamilton", "junk removal in guelph", "my place is in Kitchener", "its in Hamilton, ON", "barrie ok?",
      "do you work in Hamilton", "Hamilton, do u come here?", "you guys come to Hamilton?", "any chance you service hamilton?", "est-ce que vous venez à Hamilton?",
      "je suis à Hamilton", "is Hamilton in your area?", "Hamilton too far?", "would you drive to barrie", "I'm from Hamilton", "Hi! I have a couch. I live in Oakville.",
      "clearing out my mother's house in Burlington", "do you come to st. catharines?", "my postal code is L8N 1A1", "postal code L8N", "¿vienen a Hamilton?",
      "estou em Hamilton", "what about Guelph?", "im in the city of Hamilton", "I'm in downtown Hamilton", "u serve hamilton", "can u come to hamilton tmrw",
      "is Milton too far", "hamilton/burlington area?", "Hamilton or Burlington?", "i live in burlington can u pick up there", "12 elm st hamilton", "12 elm st unit 5 hamilton",
      "its 12 Elm St, Oakville, its a condo", "do you come to Kingston?", "im in kingston", "wondering if you service Guelph", "hey do you do pick ups in st catharines",
      "Hamilton here, do you guys come?", "j'habite à Ottawa", "vivo en Hamilton", "Pickup in Ajax please", "[location: 12 Elm St, Hamilton (43.25, -79.87)]" } do
      assert.equal("out", (said(text)), text)
    end
    for _, text in ipairs { "im in Etobicoke do u come here", "do you serve scarborough?", "sauga", "I'm in M5V", "[location: 200 Queen St W, Toronto]" } do
      assert.equal("in", (said(text)), text)
    end
  end)

  it("says nothing of where we are to come", function()
    for _, text in ipairs { "my brother in Ottawa will let you in", "I'm moving to Hamilton next week", "a Hamilton Beach mixer and a couch", "we bought it in Ottawa",
      "a maple table and a king size bed", "my friend from Hamilton told me about you", "I have 2 Windsor chairs", "I was in Hamilton last week", "hello", "",
      "do you come to Toronto or Hamilton?", "12 Hamilton Ave", "the couch is at 45 Ottawa St", "I'm not in Hamilton", "near hamilton do you come", "This is Milton", "Hi its Lindsay",
      "we live in Hamilton, the couch is at 5 Bay St, Toronto", "moving from Hamilton to Toronto need a couch taken", "I'm at King and Bay", "the hamilton beach blender",
      "my name is Lindsay", "Lindsay", "London drugs bag, 2 boxes" } do
      assert.is_nil((said(text)), text)
    end
  end)
end)

describe("an owner's entry", function()
  it("is a postal code's beginning in any case, or a town under any of its names", function()
    for entry, code in pairs { L5 = "L5", l5 = "L5", M = "M", m = "M", ["l4t"] = "L4T", ["M5V 2T6"] = "M5V2T6", ["m5v-2t6"] = "M5V2T6" } do
      assert.equal(code, (towns.entry(entry)), entry)
    end
    for entry, name in pairs { sauga = "Mississauga", ["st catharines"] = "St. Catharines", ["St. Catharines, ON"] = "St. Catharines", ["City of Toronto"] = "Toronto",
      HAMILTON = "Hamilton", GTA = "Greater Toronto Area", ["Montréal"] = "Montreal", York = "York", king = "king",
      Peel = "Peel Region", Niagara = "Niagara Region", ["the GTA"] = "Greater Toronto Area", ["all of Toronto"] = "Toronto", ["Toronto (downtown)"] = "Toronto",
      ["Greater Toronto Area (GTA)"] = "Greater Toronto Area" } do
      assert.equal(name, select(2, towns.entry(entry)).name, entry)
    end
  end)
end)
