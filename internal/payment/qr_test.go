package payment_test

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"strings"
	"testing"

	"github.com/boombuler/barcode/qr"
	"github.com/stretchr/testify/require"

	"tiem/internal/fault"
	"tiem/internal/payment"
)

const (
	quiet = 4 // modules of white that ISO/IEC 18004 asks for
	pixel = 8 // of a module
)

// picture is a QR code as a phone sees it.
type picture struct {
	image.Image
	side int // modules, without the quiet zone
}

func draw(t *testing.T, payload string) picture {
	t.Helper()
	data, err := payment.QRPNG(payload)
	require.NoError(t, err)
	img, err := png.Decode(bytes.NewReader(data))
	require.NoError(t, err)
	size := img.Bounds().Size()
	require.Equal(t, size.X, size.Y)
	require.Zero(t, size.X%pixel)
	return picture{img, size.X/pixel - 2*quiet}
}

// dark tells the colour of a module, all of whose pixels agree; coordinates
// begin at the code's corner.
func (p picture) dark(t *testing.T, x, y int) bool {
	t.Helper()
	first := p.At((x+quiet)*pixel, (y+quiet)*pixel)
	for dy := range pixel {
		for dx := range pixel {
			require.Equal(t, first, p.At((x+quiet)*pixel+dx, (y+quiet)*pixel+dy), "module %d,%d is blurred", x, y)
		}
	}
	gray, ok := color.GrayModel.Convert(first).(color.Gray)
	require.True(t, ok)
	require.Contains(t, []uint8{0, 255}, gray.Y, "a scanner needs black and white")
	return gray.Y == 0
}

func TestQRPNGIsACodeThatAPhoneFinds(t *testing.T) {
	t.Parallel()
	for name, payload := range map[string]string{
		"short":      "1",
		"the demo's": `{"notice":"DEMO - not a payment","provider":"fake","payment_id":"0199a3f0-5c1e-7d43-8a53-1f2e3d4c5b6a","store":"S1","amount":56000,"currency":"VND"}`,
		"Vietnamese": "Nước suối – 6.000 ₫",
		"long":       strings.Repeat("VietQR", 200),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := draw(t, payload)
			require.Equal(t, 1, p.side%4, "a code has 17 + 4 × version modules")
			require.GreaterOrEqual(t, p.side, 21)
			for i := -quiet; i < p.side+quiet; i++ { // the quiet zone
				for j := range quiet {
					for _, at := range [][2]int{{i, -1 - j}, {i, p.side + j}, {-1 - j, i}, {p.side + j, i}} {
						require.False(t, p.dark(t, at[0], at[1]), "the quiet zone is white at %v", at)
					}
				}
			}
			for _, corner := range [][2]int{{0, 0}, {p.side - 7, 0}, {0, p.side - 7}} {
				requireFinder(t, p, corner[0], corner[1])
			}
			for i := 8; i < p.side-8; i++ { // the timing patterns
				require.Equal(t, i%2 == 0, p.dark(t, i, 6))
				require.Equal(t, i%2 == 0, p.dark(t, 6, i))
			}
			require.Equal(t, 0b00, level(t, p), "error correction level M, as bank apps expect")
			requireModules(t, p, payload)
		})
	}
}

// requireFinder looks for one of the three squares in the corners.
func requireFinder(t *testing.T, p picture, left, top int) {
	t.Helper()
	for y := range 7 {
		for x := range 7 {
			ring := max(abs(x-3), abs(y-3))
			require.Equal(t, ring != 2, p.dark(t, left+x, top+y), "finder at %d,%d", left, top)
		}
	}
}

func abs(n int) int { return max(n, -n) }

// level reads the two bits of the error correction level from the format
// information beside the upper left finder (ISO/IEC 18004, 7.9).
func level(t *testing.T, p picture) int {
	t.Helper()
	bits := 0
	for x := range 2 {
		bits <<= 1
		if p.dark(t, x, 8) {
			bits |= 1
		}
	}
	return bits ^ 0b10 // the mask of the format information begins with 10
}

// requireModules compares with the encoder's own bits.
func requireModules(t *testing.T, p picture, payload string) {
	t.Helper()
	want, err := qr.Encode(payload, qr.M, qr.Auto)
	require.NoError(t, err)
	require.Equal(t, want.Bounds().Dx(), p.side)
	for y := range p.side {
		for x := range p.side {
			gray, _, _, _ := want.At(x, y).RGBA()
			require.Equal(t, gray == 0, p.dark(t, x, y), "module %d,%d", x, y)
		}
	}
}

func TestAPayloadThatNoCodeHolds(t *testing.T) {
	t.Parallel()
	_, err := payment.QRPNG(strings.Repeat("x", 3000))
	require.Equal(t, "qr_unwritable", fault.CodeOf(err))
	require.Equal(t, fault.Internal, fault.KindOf(err))
}
