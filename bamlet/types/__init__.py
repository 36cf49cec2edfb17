"""The type algebra: construct, show, relate; class and enum schemas with their attributes."""
