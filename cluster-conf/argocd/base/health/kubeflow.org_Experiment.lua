-- A Katib Experiment is Healthy once it succeeded with at least one trial that did: Katib itself calls an Experiment
-- whose every trial failed a success where maxFailedTrialCount is not given.

local status = obj.status or {}
local now = {}

for _, condition in ipairs(status.conditions or {}) do
  if condition.status == "True" then
    now[condition.type] = condition
  end
end
if now.Failed ~= nil then
  return { status = "Degraded", message = now.Failed.message }
end
if now.Succeeded ~= nil then
  if (status.trialsSucceeded or 0) + (status.trialsEarlyStopped or 0) == 0 then
    return { status = "Degraded", message = "no trial succeeded" }
  end
  return { status = "Healthy", message = now.Succeeded.message }
end
local latest = now.Restarting or now.Running or now.Created
return { status = "Progressing", message = latest and latest.message or "the controller has not seen it yet" }
