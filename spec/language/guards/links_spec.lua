-- Links and e-mail addresses that the business does not list.

local guarded = require "spec.support.guarded"
local guards = require "language.guards"

local CAUGHT = [==[
See https://evil.example/x for details.
Go to www.evil.com now.
It is on evil.com/x today.
Visit clearoutspaces.ca for more.
Write to info@evil.com please.
Try bit.ly/abc.
Here: HTTP://EVIL.COM
Go to evil [dot] com.
Message wa.me/14165551234 instead.
[Book here](https://evil.com)
See evil。com for it.
Chat at t.me/evilbot.
ftp://files.example.org/a
http://127.0.0.1:8080/x
Check clearoutspaces.com.
Use http:/evil.com
use hxxp://evil.com
see evil.com.
see evil.com/path?x=1#y
Visit HTTPS://EVIL.COM/PATH.
See ｅｖｉｌ.com
www.evil.org
goo.gl/maps/abc
join us at clearout.app/join
Email john.doe+junk@example.co.uk
my.evil.site
maps.google.com
e.vil.com
Book at calendly.com/clearout today.
See HTTPS://CLEAROUT.EXAMPLE/quote
Contact us: sales@clearoutspaces.ca
Voir www.exemple.fr/devis
]==]

describe("the guard against links", function()
  for _, case in ipairs(guarded.lines(CAUGHT)) do
    it("catches " .. case.line, function() assert.is_nil(guarded.missed(case, { "link" })) end)
  end

  it("finds none where guards.strip_links was", function()
    for _, case in ipairs(guarded.lines(CAUGHT)) do
      if not case.reply:find("dot", 1, true) then assert.not_equal("link", (guarded.kind(guards.strip_links(case.reply, {}))), case.reply) end
    end
  end)
end)
