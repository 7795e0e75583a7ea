package main

// furnishTrace gives A an event, its capture, a named query and a subscription to it.
func (m *matrix) furnishTrace(owner string) {
	const event = `"type":"ObjectEvent","eventTime":"2026-05-04T08:00:00+08:00","eventTimeZoneOffset":"+08:00","action":"ADD","bizStep":"commissioning",` +
		`"eventID":"urn:uuid:0190a0b0-0000-7000-8000-0000000000a1","rdfs:comment":"` + secret + `","epcList":["https://id.gs1.org/01/06901234567892/21/A1"]`
	const context = `"@context":["https://ref.gs1.org/standards/epcis/epcis-context.jsonld"]`
	m.makes(owner, "capture", "POST", "/epcis/capture?org={org}", `{`+context+`,"type":"EPCISDocument","schemaVersion":"2.0","creationDate":"2026-05-04T08:00:00Z","epcisBody":{"eventList":[{`+event+`}]}}`, "captureID")
	m.makes(owner, "named query", "POST", "/epcis/queries?org={org}", `{"name":"queryOfA","query":{"EQ_action":["ADD"]}}`, "name")
	m.makes(owner, "subscription", "POST", "/epcis/queries/{named query}/subscriptions", `{"dest":"https://example.com/a","schedule":{"second":86400}}`, "subscriptionID")
}
