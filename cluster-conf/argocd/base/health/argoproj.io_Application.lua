-- An application is Healthy once what Git asks for is synced and runs; until then it is on its way, or broken.
-- A parent ignores a child that is Missing or Unknown, so neither is ever answered here.

-- Whether two sources mean the same folder at the same revision.
local function same(a, b)
  return a.repoURL == b.repoURL and a.path == b.path and a.targetRevision == b.targetRevision
end

-- Whether the last comparison was of the sources that the specification names now.
local function current(spec, compared)
  if spec.source ~= nil then
    return compared.source ~= nil and same(spec.source, compared.source)
  end
  for i, source in ipairs(spec.sources or {}) do
    local other = (compared.sources or {})[i]
    if other == nil or not same(source, other) then
      return false
    end
  end
  return true
end

local broken = { ComparisonError = true, InvalidSpecError = true, SyncError = true }
local status = obj.status or {}
local sync = status.sync or {}
local health = status.health or {}
local phase = (status.operationState or {}).phase
local retries = (status.operationState or {}).retryCount or 0

for _, condition in ipairs(status.conditions or {}) do
  if broken[condition.type] then
    return { status = "Degraded", message = condition.message }
  end
end
if sync.status == nil or health.status == nil then
  return { status = "Progressing", message = "not compared with Git yet" }
end
-- An application that retries for ever is Running also between its attempts.
if phase == "Failed" or phase == "Error" or (phase == "Running" and retries >= 5) then
  return { status = "Degraded", message = status.operationState.message }
end
if not current(obj.spec or {}, sync.comparedTo or {}) then
  return { status = "Progressing", message = "not compared with its new source yet" }
end
if health.status == "Degraded" then
  return { status = "Degraded", message = health.message or "a resource is degraded" }
end
if phase == "Running" or phase == "Terminating" then
  return { status = "Progressing", message = status.operationState.message }
end
if sync.status ~= "Synced" then
  return { status = "Progressing", message = "not synced yet" }
end
if health.status == "Healthy" or health.status == "Suspended" then
  return { status = health.status, message = health.message }
end
return { status = "Progressing", message = health.message or "its resources come up" }
