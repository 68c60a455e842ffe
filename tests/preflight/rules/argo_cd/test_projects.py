import pytest

from preflight.rules.argo_cd.projects import permits


@pytest.mark.parametrize(
    ("pattern", "url", "expected"),
    [
        ("https://github.com/example/images.git", "https://github.com/example/images", True),
        ("https://github.com/Example/images", "https://github.com/example/images.git", True),
        ("https://github.com/example/*", "https://github.com/example/images", True),
        ("https://github.com/example/*", "https://github.com/example/group/images", False),
        ("https://github.com/**", "https://github.com/example/group/images", True),
        ("https://github.com/example/*", "https://github.com.evil.org/example/images", False),
        ("https://github.com/example/image", "https://github.com/example/images", False),
        ("git://127.0.0.1/app.git", "git://127.0.0.1/app.git", True),
    ],
)
def test_a_repository_is_permitted_as_argo_cd_compares_it(pattern: str, url: str, expected: bool) -> None:
    assert permits(pattern, url) is expected
