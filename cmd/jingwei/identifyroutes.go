package main

// identifyRoutes adds the operations of the rooms that know identifiers. They come last: of two schemas of one name the room that comes first has it.
func (n *node) identifyRoutes() {
	n.registry.Routes(n.api)
	n.snms.Routes(n.api)
	n.gs1Routes()
	n.docking.Routes(n.api)
	n.trace.Routes(n.api)
	n.twins.Routes(n.api)
	n.handleRoutes()
}
