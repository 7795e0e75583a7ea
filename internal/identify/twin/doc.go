// Package twin keeps Asset Administration Shells: shells, submodels, concept descriptions and descriptors of organisations, in
// versions that are only ever added, each with who, when and why, audited and covered by a leaf of the evidence log. Every site,
// line and machine of the plant model has its shell without anybody making one: it is worked out from the model when it is
// asked for, as of any time, so that it cannot drift; what the model does not know is absent until the organisation puts it
// beside (twin/mirror). A machine's latest values are read from telemetry when its Time Series Data is read.
//
// The door speaks the AAS API V3.0 (repository, registry, discovery, serialization), AASX in and out, the product passport's
// read calls, and WoT Thing Descriptions. Everything is reached through one organisation, which the path names.
//
// Sources: IDTA-01001, IDTA-01002, IDTA-01005 (3.0), IDTA 02006-3-0-1, 02003-2-0-1, 02023-1-0-1, 02008-1-1-1 (submodel templates),
// EN 18222 and EN 18223 (product passport), W3C WoT Thing Description 1.1.
package twin
