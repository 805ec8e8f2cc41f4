-- Many decisions in one call, each atomic: all of its draws are spent, or none is. The twin of in_process.py.
--
-- KEYS     one for each draw, in order
-- ARGV[1]  the time, in seconds since the epoch; empty: the server's own clock (what production uses)
-- ARGV[2]  JSON: a list of jobs, each {"do": ..., "draws": [[kind, cost, shadow, a, b, edges], ...], "lease": ...}
--
-- Answers the time, then behind a "|" for each job that takes: "1" or "0" (admitted), and for each draw whether it had
-- room, the units spent after the decision and the end of its window or pause, with a space between. All of it is one
-- text: Redis would cut numbers to integers, and a client reads one string many times faster than a list of lists.

local EXACT = 1e-6
local now = tonumber(ARGV[1])
if not now then
    local time = redis.call('TIME')
    now = tonumber(time[1]) + tonumber(time[2]) / 1000000
end

local function exactly(number)
    return string.format('%.17g', number)
end

local function pair(key)
    local said = redis.call('GET', key)
    if not said then return nil, nil end
    local first, second = string.match(said, '^(%S+) (%S+)$')
    return tonumber(first), tonumber(second)
end

local function window(draw)
    local edges = draw[6]
    if #edges == 0 then
        local start = now - now % draw[5]
        return start, start + draw[5]
    end
    for n = #edges - 1, 1, -1 do
        if now >= edges[n] then return edges[n], edges[n + 1] end
    end
    return edges[1], edges[2]
end

-- Of each kind: what is spent, when its window or pause ends, and the second number that was kept beside the first.
local look = {
    steady = function(key, draw)
        local used, at = pair(key)
        if not used then return 0, 0, nil end
        return math.max(0, used - math.max(0, now - at) * draw[5]), 0, at
    end,
    quota = function(key, draw)
        local start, stop = window(draw)
        local used, began = pair(key)
        if used and began >= start then
            if began > start then stop = began + (stop - start) end
            return used, stop, began
        end
        return 0, stop, began
    end,
    places = function(key, draw)
        redis.call('ZREMRANGEBYSCORE', key, '-inf', exactly(now))
        return redis.call('ZCARD', key), 0
    end,
    pause = function(key, draw)
        return 0, tonumber(redis.call('GET', key) or '0')
    end,
}

local has_room = {
    steady = function(draw, used, stop) return used + draw[2] <= draw[4] + EXACT end,
    quota = function(draw, used, stop) return used + draw[2] <= draw[4] + EXACT end,
    places = function(draw, used, stop) return used + 1 <= draw[4] end,
    pause = function(draw, used, stop) return now >= stop end,
}

local function lasting(seconds)
    return string.format('%.0f', math.max(1, math.ceil(seconds * 1000) + 1000))
end

local spend = {
    steady = function(key, draw, used, at)
        used = used + draw[2]
        redis.call('SET', key, exactly(used) .. ' ' .. exactly(math.max(now, at or now)), 'PX', lasting(used / draw[5]))
        return used
    end,
    quota = function(key, draw, used, began)
        local start, stop = window(draw)
        if began and began > start then start = began end
        used = used + draw[2]
        redis.call('SET', key, exactly(used) .. ' ' .. exactly(start), 'PX', lasting(stop - now))
        return used
    end,
    places = function(key, draw, used, _, lease)
        redis.call('ZADD', key, exactly(now + draw[5]), lease)
        redis.call('PEXPIRE', key, lasting(draw[5]))
        return used + 1
    end,
    pause = function(key, draw, used) return used end,
}

local function take(keys, job)
    local spent, stops, kept, rooms, admitted = {}, {}, {}, {}, true
    for n, draw in ipairs(job.draws) do
        spent[n], stops[n], kept[n] = look[draw[1]](keys[n], draw)
        rooms[n] = has_room[draw[1]](draw, spent[n], stops[n])
        if not rooms[n] and not draw[3] then admitted = false end
    end
    local said = {admitted and '1' or '0'}
    for n, draw in ipairs(job.draws) do
        if admitted and rooms[n] then
            spent[n] = spend[draw[1]](keys[n], draw, spent[n], kept[n], job.lease)
        end
        said[#said + 1] = rooms[n] and '1' or '0'
        said[#said + 1] = exactly(spent[n])
        said[#said + 1] = exactly(stops[n])
    end
    return table.concat(said, ' ')
end

local jobs = {
    take = take,
    give_back = function(keys, job)
        for n in ipairs(job.draws) do redis.call('ZREM', keys[n], job.lease) end
    end,
    -- A call that still runs keeps its place, also after the server forgot it.
    renew = function(keys, job)
        for n, draw in ipairs(job.draws) do spend.places(keys[n], draw, 0, nil, job.lease) end
    end,
    set_spent = function(keys, job)
        for n, draw in ipairs(job.draws) do
            local start, stop = window(draw)
            redis.call('SET', keys[n], exactly(job.amount) .. ' ' .. exactly(start), 'PX', lasting(stop - now))
        end
    end,
    pause = function(keys, job)
        for n in ipairs(job.draws) do
            local stop = math.max(tonumber(redis.call('GET', keys[n]) or '0'), now + job.amount)
            redis.call('SET', keys[n], exactly(stop), 'PX', lasting(stop - now))
        end
    end,
}

local answers, first = {exactly(now)}, 0
for _, job in ipairs(cjson.decode(ARGV[2])) do
    local keys = {}
    for n in ipairs(job.draws) do keys[n] = KEYS[first + n] end
    first = first + #job.draws
    local said = jobs[job['do']](keys, job)
    if said then answers[#answers + 1] = said end
end
return table.concat(answers, '|')
