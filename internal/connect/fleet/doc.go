// Package fleet is the node's side of its gateways: which there are, through which links they read which machines, how
// they enrol, what they are told to do and how they do. It builds each gateway's configuration document from the plant's
// points and pushes it over the federate link when it changes, receives the gateways' samples into telemetry, and raises
// conditions (offline, spool, clock, certificate, quarantine, configuration, identity in use twice).
//
// A gateway writes only series of its own organisation that a configuration of it has named: what is asked at the door
// is a table of grants, not what the gateway says. Links and connections have dates or are kept after their end, so that
// it can be told later through which gateway a value came.
//
// Sources: design section 7; docs/formats/link.md; RFC 2986 (certificate requests).
package fleet
