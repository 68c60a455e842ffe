-- A set is Healthy once every application that it made is Synced and Healthy, so that the next wave can wait for it.
-- Argo CD's own script is content as soon as the applications were made.

local os = require("os")
local SECONDS = 30

local status = obj.status or {}
local applications = status.resources or {}
local made = nil

for _, condition in ipairs(status.conditions or {}) do
  if condition.type == "ErrorOccurred" and condition.status == "True" then
    return { status = "Degraded", message = condition.message }
  end
  if condition.type == "ResourcesUpToDate" and condition.status == "True" then
    made = condition.lastTransitionTime
  end
end
if made == nil then
  return { status = "Progressing", message = "its applications are not made yet" }
end

-- The controller may list its applications before it can see those that it just made, so none means none only after
-- a while. Both times are text of one form, in UTC.
if #applications == 0 then
  if made > os.date("!%Y-%m-%dT%H:%M:%SZ", os.time() - SECONDS) then
    return { status = "Progressing", message = "its applications are not seen yet" }
  end
  return { status = "Healthy", message = "no folder of this wave is for this cluster" }
end

local waiting = nil
for _, application in ipairs(applications) do
  local health = (application.health or {}).status
  if health == "Degraded" then
    return { status = "Degraded", message = application.name .. " is degraded" }
  end
  if application.status ~= "Synced" or (health ~= "Healthy" and health ~= "Suspended") then
    waiting = waiting or application.name
  end
end
if waiting ~= nil then
  return { status = "Progressing", message = "waiting for " .. waiting }
end
return { status = "Healthy", message = "every application is synced and healthy" }
