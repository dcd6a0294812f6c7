package receipt

import "tiem/internal/sale"

// Language is what a receipt's words are in.
type Language string

// The languages. A shop's own, and what is used for every other value, is
// Vietnamese.
const (
	Vietnamese Language = "vi"
	English    Language = "en"
)

// words are what a receipt says beside names and figures.
type words struct {
	shop, title, number, date, terminal, cashier      string
	gross, discount, total, tax, taxBase, change, bye string
	methods                                           map[sale.Method]string
}

func (l Language) words() words {
	if l == English {
		return words{
			shop: "STORE", title: "SALES RECEIPT", number: "Receipt", date: "Date", terminal: "Till", cashier: "Cashier",
			gross: "Goods", discount: "Discount", total: "TOTAL", tax: "Including VAT", taxBase: "of", change: "Change", bye: "Thank you!",
			methods: map[sale.Method]string{sale.Cash: "Cash", sale.QR: "QR", sale.Card: "Card", sale.Voucher: "Voucher"},
		}
	}
	return words{
		shop: "CỬA HÀNG", title: "PHIẾU THANH TOÁN", number: "Số", date: "Ngày", terminal: "Quầy", cashier: "Thu ngân",
		gross: "Tiền hàng", discount: "Giảm giá", total: "TỔNG CỘNG", tax: "Đã gồm thuế GTGT", taxBase: "của", change: "Tiền thối lại", bye: "Cảm ơn quý khách!",
		methods: map[sale.Method]string{sale.Cash: "Tiền mặt", sale.QR: "Mã QR", sale.Card: "Thẻ", sale.Voucher: "Phiếu mua hàng"},
	}
}
