-- Promises to serve a place that is listed as not served.

local guarded = require "spec.support.guarded"

local CAUGHT = [==[
Yes, we serve Ottawa.
We service Toronto and Ottawa.
Our crew can come to Ottawa on Friday.
Yes, Ottawa is within our service area.
Sure, we cover Niagara Falls too.
Ottawa is no problem.
We'll be happy to pick up your items in Ottawa.
Yes, we do Ottawa!
Not to worry, we serve Barrie.
Our team will be in Ottawa on Monday.
We desservons? Oui, nous desservons Montréal.
We don't serve Barrie, but yes, we serve Ottawa.
If you're in Ottawa, we can come tomorrow.
We serve OTTAWA as well.
Absolutely, we travel to Ottawa.
We also serve Barrie and Niagara Falls.
Yes, we go to Montreal.
We can pick up in Barrie tomorrow.
Barrie? Yes, we serve that area.
Good news: we cover Barrie.
Our drivers go to Ottawa every week.
Ottawa is covered by our team.
Ottawa is in our service area.
We offer service in Ottawa.
We are available in Ottawa.
We provide junk removal in Ottawa.
Of course! We come to Ottawa.
Yes, we serve St. Catharines!
We can come to St. Catharines on request.
St. Catharines is within our area.
Our crew is happy to help you in Barrie.
Montreal is fine.
Yes, Niagara Falls!
We do pick up in Niagara Falls.
Ottawa? Sure, we go there.
Sure, St. Catharines is fine.
We can do St Catharines.
Yes we come to St-Catharines.
We'd love to help you in St. Catharines!
St. Catharines? Absolutely!
We cover St. Catharines and area.
Our truck goes to St. Catharines on weekends.
do you go to Barrie? => Yes, we do!
do you come to Ottawa? => Yes!
]==]

describe("the guard against places that are not served", function()
  for _, case in ipairs(guarded.lines(CAUGHT)) do
    it("catches " .. case.line, function() assert.is_nil(guarded.missed(case, { "area" })) end)
  end

  it("T93: a name with a point in it is one name", function() assert.equal("area", (guarded.kind("Yes, we serve St. Catharines!"))) end)
end)
