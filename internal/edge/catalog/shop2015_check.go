package catalog

import "tiem/internal/money"

// link ties units to their products and parents, and refuses what cannot be tied.
func (s *shop2015) link() {
	f := &s.units.findings
	for _, u := range s.unitList {
		if u.product = s.byID[u.productID]; u.product == nil {
			f.fail(u.line, "product_id", "product_unknown", "there is no product %s in the other file", u.productID)
			continue
		}
		u.product.units = append(u.product.units, u)
		if u.parentID == "" {
			continue
		}
		switch u.parent = s.unitByID[u.parentID]; {
		case u.parent == nil:
			f.fail(u.line, "parent_price_id", "parent_unknown", "there is no unit with the price_id %s", u.parentID)
		case u.parent.productID != u.productID:
			f.fail(u.line, "parent_price_id", "parent_of_another", "the unit %s is of product %s, and this one of %s", u.parentID, u.parent.productID, u.productID)
		}
	}
	if !f.refused() {
		s.refuseLoops()
	}
}

// refuseLoops refuses units that are, over some steps, parts of themselves:
// such a product has no largest unit, so nothing would have its barcode. Each
// unit is walked over once, however long the chain.
func (s *shop2015) refuseLoops() {
	walk := map[*shopUnit]int{} // → the line where the walk over it began
	for _, start := range s.unitList {
		u := start
		for u != nil && walk[u] == 0 {
			walk[u] = start.line
			u = u.parent
		}
		if u != nil && walk[u] == start.line {
			s.units.fail(u.line, "parent_price_id", "parent_loop", "the unit %s is a part of itself", u.id)
		}
	}
}

// observe warns about what loads and is strange.
func (s *shop2015) observe(taxCode string) {
	p := &s.products.findings
	p.warn(1, "", "tax_code_assumed", "the files name no tax codes: every item gets %s", taxCode)
	p.warn(1, "", "age_limit_unknown", "the files name no age limits: every item is sold to everybody")
	seen := newCodes()
	for _, product := range s.list {
		switch {
		case product.deleted:
			p.warn(product.line, "deleted_flag", "product_deleted", "product %s (%s) is marked deleted: it is not loaded", product.id, product.name)
		case len(product.units) == 0:
			p.warn(product.line, "id", "product_without_price", "product %s (%s) has no unit with a price: it is not loaded", product.id, product.name)
		case product.barcode != "":
			seen.share(p, product.line, product.codeLine, "barcode", product.barcode)
		}
		s.observeUnits(product)
	}
	for _, u := range s.unitList {
		s.observePrice(u)
	}
}

// observeUnits warns about units that a cashier could not tell apart.
func (s *shop2015) observeUnits(product *shopProduct) {
	var largest *shopUnit
	names := map[string]int{} // → line
	for _, u := range product.units {
		if first := names[u.name]; first > 0 {
			s.units.warn(u.line, "unit_name", "unit_duplicate", "product %s has the unit %s on line %d as well, with a price of its own", product.id, u.name, first)
		}
		names[u.name] = u.line
		if u.parent != nil {
			continue
		}
		if largest != nil {
			s.units.warn(u.line, "parent_price_id", "unit_second_largest",
				"product %s has two units without a parent: both get its barcode, and the till will ask", product.id)
		}
		largest = u
	}
}

// leastPrice is below what anything has cost since the coins went: 500 đ is the
// smallest note that shops still give back.
const leastPrice money.Amount = 500

// observePrice warns about typing errors. In the 2015 shop a case costs 0.66 to
// 1.01 times its parts; half and twice are far outside.
func (s *shop2015) observePrice(u *shopUnit) {
	f := &s.units.findings
	if u.price > 0 && u.price < leastPrice {
		f.warn(u.priceLine, "price_vnd", "price_too_small", "%s of %s costs %s đ: were its thousands left out?", u.name, u.product.name, u.price)
	}
	if u.parent == nil {
		return
	}
	parts := u.price * money.Amount(u.quantity) // at most money.Max × 100,000: far from overflowing
	if whole := u.parent.price; whole*2 < parts || whole > parts*2 {
		f.warn(u.parent.priceLine, "price_vnd", "price_unlike_parts", "%s of %s costs %s đ, and the %d %s in it %s đ: one of the three is wrong",
			u.parent.name, u.product.name, whole, u.quantity, u.name, parts)
	}
}
