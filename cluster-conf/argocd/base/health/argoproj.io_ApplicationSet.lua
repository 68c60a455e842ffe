-- A set is Healthy once every application that it made is Synced and Healthy, so that the next wave can wait for it.
-- Argo CD's own script is content as soon as the applications were made.

local status = obj.status or {}
local generated = false

for _, condition in ipairs(status.conditions or {}) do
  if condition.type == "ErrorOccurred" and condition.status == "True" then
    return { status = "Degraded", message = condition.message }
  end
  if condition.type == "ResourcesUpToDate" and condition.status == "True" then
    generated = true
  end
end
if not generated then
  return { status = "Progressing", message = "its applications are not made yet" }
end

local waiting = nil
for _, application in ipairs(status.resources or {}) do
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
