"""The demo district: an invented Gwangjin-gu with enterprises, goods, residents and orders."""
