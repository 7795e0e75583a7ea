// An OPC UA client by node-opcua that judges a server: it opens a protected session, browses a machine, reads its
// variables and subscribes to them, renews its keys meanwhile, and prints one line of JSON of what it saw.
//
//   node opcua-client.mjs '{"endpoint":"opc.tcp://…","pki":"/folder","machine":"nsu=urn:jingwei:sim;s=Turbine1"}'
import * as opcua from "node-opcua";
import fs from "node:fs";

const { OPCUAClient, OPCUACertificateManager, MessageSecurityMode, SecurityPolicy, AttributeIds, TimestampsToReturn, UserTokenType, resolveNodeId } = opcua;
const o = { user: "", password: "", policy: "Basic256Sha256", lifetime: 600000, changes: 3, ...JSON.parse(process.argv[2]) };
fs.mkdirSync(o.pki, { recursive: true });
const client = OPCUAClient.create({
  endpointMustExist: true, securityMode: MessageSecurityMode.SignAndEncrypt, securityPolicy: SecurityPolicy[o.policy],
  defaultSecureTokenLifetime: o.lifetime, connectionStrategy: { maxRetry: 0 },
  clientCertificateManager: new OPCUACertificateManager({ automaticallyAcceptUnknownCertificate: true, rootFolder: o.pki }),
});
const seen = { renewals: 0, changes: {}, bad: 0 };
client.on("security_token_renewed", () => seen.renewals++);
await client.connect(o.endpoint);
const session = await client.createSession(o.user ? { type: UserTokenType.UserName, userName: o.user, password: o.password } : undefined);
seen.namespaces = await session.readNamespaceArray();
const [, uri, id] = /^nsu=(.*);s=(.*)$/.exec(o.machine);
const folder = resolveNodeId(`ns=${seen.namespaces.indexOf(uri)};s=${id}`);
const found = await session.browse({ nodeId: folder, referenceTypeId: "HasComponent", includeSubtypes: true, resultMask: 63 });
seen.variables = found.references.map((r) => ({ name: r.browseName.name, class: r.nodeClass, id: r.nodeId.toString() }));
const read = await session.read(found.references.map((r) => ({ nodeId: r.nodeId, attributeId: AttributeIds.Value })));
seen.values = read.map((v) => ({ value: v.value.value, status: v.statusCode.value, time: v.sourceTimestamp?.toISOString() }));
const unit = await session.browse({ nodeId: found.references[0].nodeId, referenceTypeId: "HasProperty", includeSubtypes: true, resultMask: 63 });
seen.unit = (await session.read({ nodeId: unit.references[0].nodeId, attributeId: AttributeIds.Value })).value.value.displayName.text;
seen.nowhere = (await session.read({ nodeId: resolveNodeId(`ns=${seen.namespaces.indexOf(uri)};s=Nowhere`), attributeId: AttributeIds.Value })).statusCode.name;
const subscription = await session.createSubscription2({ requestedPublishingInterval: 100, requestedLifetimeCount: 100, requestedMaxKeepAliveCount: 5, publishingEnabled: true, maxNotificationsPerPublish: 4 });
const group = await subscription.monitorItems(found.references.map((r) => ({ nodeId: r.nodeId, attributeId: AttributeIds.Value })), { samplingInterval: 100, queueSize: 10, discardOldest: true }, TimestampsToReturn.Both);
await new Promise((done) => group.on("changed", (item, value) => {
  const name = item.itemToMonitor.nodeId.toString();
  seen.changes[name] = (seen.changes[name] ?? 0) + 1;
  if (value.statusCode.value !== 0) seen.bad++;
  if (Object.keys(seen.changes).length === found.references.length && Object.values(seen.changes).every((n) => n >= o.changes)) done();
}));
await subscription.terminate();
await session.close();
await client.disconnect();
console.log(JSON.stringify(seen));
