package payment

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/png"

	"github.com/boombuler/barcode/qr"

	"tiem/internal/fault"
)

const (
	quietZone = 4 // modules of white around the code, as ISO/IEC 18004 asks
	module    = 8 // pixels of one module
)

// QRPNG draws a payload as a PNG: error correction level M, which bank apps
// expect, with its quiet zone, so that it scans off any screen.
func QRPNG(payload string) ([]byte, error) {
	code, err := qr.Encode(payload, qr.M, qr.Auto)
	if err != nil {
		return nil, fault.Wrap(err, fault.Internal, "qr_unwritable", "the QR code cannot be drawn")
	}
	size := code.Bounds().Dx()
	side := (size + 2*quietZone) * module
	img := image.NewGray(image.Rect(0, 0, side, side))
	draw.Draw(img, img.Bounds(), image.White, image.Point{}, draw.Src)
	for y := range size {
		for x := range size {
			if gray, _, _, _ := code.At(x, y).RGBA(); gray == 0 {
				square := image.Rect(x, y, x+1, y+1).Add(image.Pt(quietZone, quietZone))
				square = image.Rect(square.Min.X*module, square.Min.Y*module, square.Max.X*module, square.Max.Y*module)
				draw.Draw(img, square, image.NewUniform(color.Black), image.Point{}, draw.Src)
			}
		}
	}
	var out bytes.Buffer
	err = png.Encode(&out, img)
	return out.Bytes(), err
}
