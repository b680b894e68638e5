"""The page for widgets, over HTTP. The review page is in test_review_*.py."""

import pytest
import requests


class TestWidget:
    @pytest.mark.parametrize("name", ["info", "tasks", "tasks_browser"])
    def test_opens_without_credentials(self, api, name):
        project_id = api.project()
        action = {"action": "get_widget_url", "name": name, "theme": None}
        url = api.call({**action, "entity_type": "Project", "entity_key": [project_id]})[0]["widget_url"]
        response = requests.get(url, timeout=30)
        assert response.status_code == 200
        assert api.key not in url

    def test_another_name_or_token_is_refused(self, api):
        assert api.refused({"action": "get_widget_url", "name": "gantt"})[0] == 422
        assert api.http.get(api.url + "/widget?token=x.y").status_code == 403
