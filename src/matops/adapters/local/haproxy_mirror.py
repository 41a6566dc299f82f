"""Copies of requests for a candidate, made by HAProxy itself: a task in Lua sends each one.

HAProxy has no directive that mirrors. Its agents that do (SPOE) are programs of their own, which no
distribution packs, and newer versions mean to part with them; Lua is in every build of Debian's.
"""

MAP, KEY, LUA_FILE = "mirror.map", "mirror", "mirror.lua"
MOST_UNDER_WAY = 16
"""Copies that wait for an answer at once; more are not made, so that a candidate that hangs costs
the proxy nothing."""

FRONTEND = f"""\
    http-request set-var(txn.mirror_to) str({KEY}),map_str({MAP}) if METH_POST
    http-request lua.mirror if {{ var(txn.mirror_to) -m found }}
"""

LUA = f"""\
-- Written by matops. Sends a copy of a request to the candidate, and drops the answer.
local under_way = 0
local function send(url, headers, body)
    pcall(function()
        core.httpclient():post{{url = url, headers = headers, body = body, timeout = 30000}}
    end)
    under_way = under_way - 1
end
core.register_action("mirror", {{"http-req"}}, function(txn)
    local length = txn.sf:req_body_len()
    -- What is larger than the buffer is not whole here.
    if under_way >= {MOST_UNDER_WAY} or length == 0 or length ~= txn.sf:req_body_size() then
        return
    end
    local headers, own = {{["content-length"] = {{tostring(length)}}}}, txn.http:req_get_headers()
    for _, name in ipairs({{"content-type", "inference-header-content-length"}}) do
        if own[name] then headers[name] = {{own[name][0]}} end
    end
    local url, body = txn:get_var("txn.mirror_to") .. txn.sf:path(), txn.sf:req_body()
    under_way = under_way + 1
    core.register_task(function() send(url, headers, body) end)
end)
"""


def map_line(port: int | None) -> str:
    """Content of the map while a server at this port gets copies; empty while none does."""
    return "" if port is None else f"{KEY} http://127.0.0.1:{port}\n"
